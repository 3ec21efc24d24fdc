package cli

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"kalshi.internal/apikeys/api/sandbox"
)

// choicesFlags set how a sandbox behaves where nobody has recorded what the service does.
type choicesFlags struct {
	sandbox.Choices

	usageLevel choiceFlag
}

func (f *choicesFlags) register(flags *pflag.FlagSet) {
	flags.Float64Var(&f.RateLimits.ReadPerSecond, "read-limit", 0, "`TOKENS` per second for reads, of which a request costs 10; 0 is no limit")
	flags.Float64Var(&f.RateLimits.WritePerSecond, "write-limit", 0, "`TOKENS` per second for all other requests")
	flags.DurationVar(&f.CreateDelay, "create-delay", 0, "`TIME` until a new key works")
	flags.DurationVar(&f.DeleteDelay, "delete-delay", 0, "`TIME` for which a deleted key still works")
	flags.DurationVar(&f.ListDelay, "list-delay", 0, "`TIME` by which the list of keys is late")
	flags.DurationVar(&f.Behind, "behind", 15*time.Second, "`TIME` by which a timestamp may be behind the clock")
	flags.DurationVar(&f.Ahead, "ahead", 30*time.Second, "`TIME` by which a timestamp may be ahead of the clock")
	flags.BoolVar(&f.AnySaltLength, "any-salt", false, "accept RSA-PSS signatures with a salt of any length")
	f.usageLevel = choiceFlag{value: string(sandbox.Premier), choices: []string{string(sandbox.Basic), string(sandbox.Premier), string(sandbox.MarketMaker)}}
	flags.Var(&f.usageLevel, "usage-level", "`LEVEL` of the account: basic, premier or market_maker; basic may not create")
}

// choices returns what the flags say, or what is wrong with them.
func (f *choicesFlags) choices() (sandbox.Choices, error) {
	if f.Behind == 0 || f.Ahead == 0 {
		return sandbox.Choices{}, usage("--behind and --ahead must not be 0", "The service accepts 10 s either way")
	}
	for name, value := range map[string]float64{
		"read-limit": f.RateLimits.ReadPerSecond, "write-limit": f.RateLimits.WritePerSecond,
		"create-delay": f.CreateDelay.Seconds(), "delete-delay": f.DeleteDelay.Seconds(), "list-delay": f.ListDelay.Seconds(),
		"behind": f.Behind.Seconds(), "ahead": f.Ahead.Seconds(),
	} {
		if !(value >= 0) { // NaN is not
			return sandbox.Choices{}, usage(fmt.Sprintf("--%s must not be negative", name), "Leave it out for the default")
		}
	}
	f.Accounts = map[string]sandbox.Account{sandbox.DefaultAccount: {UsageLevel: sandbox.UsageLevel(f.usageLevel.value)}}
	return f.Choices, nil
}

// upstream returns a handler that hands requests on to the server at text, once the sandbox has checked them.
func upstream(text string, logger *slog.Logger) (http.Handler, error) {
	target, err := url.Parse(text)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, usage("--upstream must be a URL such as http://127.0.0.1:8080", "Its path comes before that of each request")
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
		},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Del("Date") // the sandbox has written its own
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			logger.WarnContext(r.Context(), "the upstream does not answer", slog.String("error", err.Error()))
			w.Header().Set(sandbox.HeaderExplain, "the signature is right, and the server of --upstream does not answer: see whether it runs")
			w.WriteHeader(http.StatusBadGateway)
		},
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}, nil
}
