// Package browsertest drives the sandbox's inspector in headless Chromium. It is a module of its
// own, so that the library does not require what drives a browser.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/control"
	"kalshi.internal/apikeys/gen/server"
	"kalshi.internal/apikeys/wrapper/protocol"
)

// patience is how long the browser may take for one subtest. It bounds what fails, and nothing
// else.
const patience = 2 * time.Minute

// newBrowser starts Chromium with an empty profile. It ends with the test. The profile is
// chromedp's to remove, because processes of Chromium may still write to it then.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath("chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1440, 1000),
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}

// page is the inspector in a tab of its own, before a sandbox of its own.
type page struct {
	service
	tab context.Context
	mu  sync.Mutex
	// complaints are console errors, exceptions and violations of the policy; elsewhere are
	// requests that left the origin.
	complaints, elsewhere []string
}

func open(browser context.Context, t *testing.T, opts ...sandbox.Option) *page {
	t.Helper()
	all := []sandbox.Option{sandbox.WithContractCheck(), sandbox.WithClock(now)}
	box := sandbox.New(append(all, opts...)...)
	listener := httptest.NewServer(control.Handler(box))
	t.Cleanup(listener.Close)
	p := &page{service: service{box: box, url: listener.URL}}
	tab, cancel := chromedp.NewContext(browser, chromedp.WithListener(p.watch))
	t.Cleanup(cancel)
	p.tab, cancel = context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	if _, err := chromedp.Call(p.tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.do(t, chromedp.Navigate(listener.URL+control.Path), visible("#connection[data-state=good]"))
	return p
}

func (p *page) watch(happened any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := happened.(type) {
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprint(event.Type, event.Args))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, event.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, event.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(event.Request.URL, p.url+control.Path) {
			p.elsewhere = append(p.elsewhere, event.Request.URL)
		}
	}
}

func (p *page) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p.tab, actions...); err != nil {
		t.Fatal(err)
	}
}

func visible(selector chromedp.CSS) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(selector)
}

func click(selector chromedp.CSS) chromedp.Action[chromedp.Void] { return chromedp.Click(selector) }

// press clicks the button with this text.
func press(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(fmt.Sprintf("//button[text()=%q]", text))
}

func choose(selector chromedp.CSS, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(selector, value)
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, p *page, expression string) T {
	t.Helper()
	value, err := chromedp.Run(p.tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// waitFor waits until a JavaScript expression is true. The polling of chromedp needs eval, which
// the page's policy forbids.
func (p *page) waitFor(t *testing.T, expression string) {
	t.Helper()
	p.waitUntil(t, expression, func() bool { return evaluate[bool](t, p, expression) })
}

func (p *page) waitUntil(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-p.tab.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// mustSay wants each text to be visible inside the element.
func (p *page) mustSay(t *testing.T, selector string, texts ...string) {
	t.Helper()
	// The text of what is not visible is not empty.
	shown := evaluate[string](t, p, fmt.Sprintf("(it => it.checkVisibility() ? it.innerText : '')(document.querySelector(%q))", selector))
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			t.Errorf("%s says %q, want %q", selector, shown, text)
		}
	}
}

func (p *page) mustNotComplain(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, complaint := range p.complaints {
		t.Errorf("the browser complains: %s", complaint)
	}
	for _, url := range p.elsewhere {
		t.Errorf("a request went to %s", url)
	}
}

func TestBrowser(t *testing.T) {
	browser := newBrowser(t)
	for name, test := range map[string]func(*testing.T, *page){
		"the empty page says what to do":                        emptyPage,
		"an exchange appears with its checks":                   exchangeAppears,
		"an explanation is shown and the difference marked":     explanationIsShown,
		"exchanges from before the page was opened are shown":   earlierExchanges,
		"what leaves the contract is shown":                     violationIsShown,
		"a fault set by a click happens and is cleared":         faultByClick,
		"everything can be done from the keyboard":              keyboard,
		"text of a request stays text":                          textStaysText,
		"a reset empties the page":                              resetEmpties,
		"the contract is readable and has a line for each call": contractIsReadable,
		"no private key or signature reaches the page":          noSecrets,
	} {
		t.Run(name, func(t *testing.T) {
			p := open(browser, t)
			defer p.mustNotComplain(t)
			test(t, p)
		})
	}
}

func emptyPage(t *testing.T, p *page) {
	t.Helper()
	p.mustSay(t, "#no-exchanges", "No exchange yet", "kalshi-keys sign GET /trade-api/v2/api_keys", p.url)
	p.mustSay(t, "#no-keys", "No key yet")
	p.mustSay(t, "#no-faults", "None is set")
	p.mustSay(t, "#detail", "Choose an exchange")
	p.mustSay(t, "#connection", "Connected")
	if shut := evaluate[bool](t, p, `document.getElementById("clear-faults").disabled`); !shut {
		t.Error("there is nothing to clear and the button is open")
	}
}

func exchangeAppears(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.do(t, visible(".exchange .status.good"))
	p.mustSay(t, "#exchange-list", "200", "GET", keysPath)
	p.mustSay(t, "#detail", "getApiKeys", p.keyID, "1790856000000GET"+keysPath, "Request and answer keep it.")
	if passed := evaluate[int](t, p, `document.querySelectorAll(".checks .passed").length`); passed != 5 {
		t.Errorf("%d checks passed", passed)
	}
	p.waitFor(t, `document.getElementById("announcer").textContent.includes("GET answered 200")`)
	p.waitFor(t, `document.querySelectorAll(".key").length === 1`)
	p.mustSay(t, "#key-list", p.keyID, "ed25519", "account default")
}

func explanationIsShown(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.send(t, sent{signs: protocol.KeysPath}).mustHaveStatus(t, 401)
	p.do(t, visible("#explanation"))
	p.mustSay(t, "#explanation", "The path was signed without the base path: sign it with /trade-api/v2 in front")
	if marked := evaluate[string](t, p, `document.querySelector(".texts mark").textContent`); marked != protocol.BasePath {
		t.Errorf("%q is marked, want what was left out", marked)
	}
	if count := evaluate[int](t, p, `document.querySelectorAll(".texts mark").length`); count != 2 {
		t.Errorf("%d places are marked, want one in each text", count)
	}
	p.mustSay(t, ".checks .failed", "The signature is over the text expected")
	p.mustSay(t, "#exchange-list", "the path was signed without the base path")
}

func earlierExchanges(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	for range 3 {
		p.send(t, sent{}).mustHaveStatus(t, 200)
	}
	p.do(t, chromedp.Reload(), visible(".exchange"))
	p.waitFor(t, `document.querySelectorAll(".exchange").length === 3`)
}

func violationIsShown(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.setFaults(t, sandbox.Fault{Kind: sandbox.FaultMissingField, Field: "/api_keys/0/name"})
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.do(t, visible(".violations"))
	p.mustSay(t, ".violations", "response, body /api_keys/0/name", "rule required")
	p.mustSay(t, "#exchange-list", "fault: missing field", "leaves the contract")
	p.mustSay(t, "#detail", "A fault happened")
}

func faultByClick(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.do(t, press("503, unavailable"), visible(".fault"))
	p.mustSay(t, "#set-faults", "status 503 before, any operation, once")
	p.send(t, sent{}).mustHaveStatus(t, 503)
	p.waitFor(t, `document.querySelectorAll(".fault").length === 0`)
	p.send(t, sent{}).mustHaveStatus(t, 200)

	p.do(t,
		choose("#fault-operation", "deleteApiKey"), choose("#fault-times", "0"),
		press("Delay of 3 s"), visible(".fault"),
		press("Half an answer"), visible(".fault:nth-child(2)"))
	want := []sandbox.Fault{
		{Operation: "deleteApiKey", Kind: sandbox.FaultDelay, Point: sandbox.BeforeProcessing, Duration: 3 * time.Second},
		{Operation: "deleteApiKey", Kind: sandbox.FaultHalfBody, Point: sandbox.DuringAnswer},
	}
	if got := p.box.Faults(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the faults are %v, want %v", got, want)
	}
	p.do(t, click(".fault button"))
	p.waitFor(t, `document.querySelectorAll(".fault").length === 1`)
	if got := p.box.Faults(); len(got) != 1 || got[0].Kind != sandbox.FaultHalfBody {
		t.Errorf("the first fault was cleared and left %v", got)
	}
	p.do(t, click("#clear-faults"), visible("#no-faults"))
	if got := p.box.Faults(); len(got) != 0 {
		t.Errorf("all faults were cleared but %v", got)
	}
}

func keyboard(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.send(t, sent{method: "DELETE", path: keysPath + "/" + unknownID})
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.waitFor(t, `document.querySelectorAll(".exchange").length === 2`)
	p.do(t, visible(".exchange[aria-current]"), visible("#contract summary"))
	p.do(t, chromedp.KeyEvent(kb.Tab))
	if focused := evaluate[string](t, p, `document.activeElement.className`); focused != "skip" {
		t.Errorf("the first stop is %q, want the link that skips", focused)
	}
	p.do(t, chromedp.KeyEvent(kb.Enter))
	p.tabTo(t, ".exchange")
	if outline := evaluate[string](t, p, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
		t.Errorf("the focus is not visible: its outline is %q", outline)
	}
	p.do(t, chromedp.KeyEvent(kb.ArrowDown))
	p.mustSay(t, "#detail", "deleteApiKey")
	if follows := evaluate[bool](t, p, `document.getElementById("follow").checked`); follows {
		t.Error("an older exchange was chosen, and the newest is still followed")
	}
	p.do(t, chromedp.KeyEvent(kb.Home))
	p.mustSay(t, "#detail", "getApiKeys")
	p.tabTo(t, "#fault-presets button")
	p.do(t, chromedp.KeyEvent(" "), visible(".fault"))
	p.tabTo(t, "#contract summary")
	p.do(t, chromedp.KeyEvent(kb.Enter), visible("details[open] .curl"))
}

// tabTo presses Tab until an element of this kind has the focus.
func (p *page) tabTo(t *testing.T, selector string) {
	t.Helper()
	for range 100 {
		if evaluate[bool](t, p, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		p.do(t, chromedp.KeyEvent(kb.Tab))
	}
	t.Fatalf("Tab does not reach %s", selector)
}

func textStaysText(t *testing.T, p *page) {
	t.Helper()
	const path = `/<img/src=x/onerror=document.title=1>`
	request := newRequest(t, http.MethodGet, p.url, "")
	request.URL.Opaque = path // goes out as it is
	do(t, request).mustHaveStatus(t, 404)
	p.do(t, visible(".exchange"))
	p.mustSay(t, "#exchange-list", path)
	p.mustSay(t, "#detail", path)
	if images := evaluate[int](t, p, `document.images.length`); images != 0 {
		t.Errorf("the page has %d images", images)
	}
	refused := evaluate[bool](t, p, `(() => { try { document.createElement("p").innerHTML = "<b>x</b>"; return false } catch { return true } })()`)
	if !refused {
		t.Error("the policy lets text become HTML")
	}
	p.waitUntil(t, "the browser to complain", p.hasComplained)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = slices.DeleteFunc(p.complaints, func(complaint string) bool { return strings.Contains(complaint, "TrustedHTML") })
}

func (p *page) hasComplained() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.complaints) > 0
}

func resetEmpties(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.do(t, visible(".exchange"))
	p.ask(t, "POST", "reset", "").mustHaveStatus(t, 204)
	p.do(t, visible("#no-exchanges"))
	p.mustSay(t, "#detail", "Choose an exchange")
}

func contractIsReadable(t *testing.T, p *page) {
	t.Helper()
	p.do(t, visible("#operation-deleteApiKey"), click("#operation-createApiKey summary"))
	p.mustSay(t, "#operation-createApiKey", "Premier or Market Maker", "public_key required", "insufficient API usage level", "seed", "published")
	if operations := evaluate[int](t, p, `document.querySelectorAll("#operations details").length`); operations != 4 {
		t.Errorf("%d operations are shown", operations)
	}
}

func noSecrets(t *testing.T, p *page) {
	t.Helper()
	p.bootstrap(t)
	made := p.send(t, sent{method: "POST", path: generatePath, body: `{"name":"made","key_type":"ed25519"}`})
	made.mustHaveStatus(t, 201)
	var pair server.GenerateAPIKeyResponse
	if err := json.Unmarshal([]byte(made.body), &pair); err != nil {
		t.Fatal(err)
	}
	signature := ""
	p.send(t, sent{change: func(header http.Header) {
		signature = header.Get(protocol.HeaderSignature)
		header.Set(protocol.HeaderSignature, "x"+signature)
	}})
	p.waitFor(t, `document.querySelectorAll(".exchange").length === 2 && document.querySelectorAll(".key").length === 2`)
	shown := evaluate[string](t, p, `document.documentElement.outerHTML`)
	for _, secret := range []string{strings.Split(pair.PrivateKey, "\n")[1], signature} {
		if strings.Contains(shown, secret) {
			t.Errorf("the page holds %s", secret)
		}
	}
}

func TestBrowserShowsWhatTheSandboxRefusesUntilAClickSucceeds(t *testing.T) {
	p := open(newBrowser(t), t)
	evaluate[bool](t, p, `document.querySelector("#fault-operation").append(new Option("nonsense")) ?? true`)
	p.do(t,
		choose("#fault-operation", "nonsense"),
		press("Delay of 3 s"), visible("#problem"))
	p.mustSay(t, "#problem", "The sandbox refused", "the operation is unknown")

	p.bootstrap(t)
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.waitFor(t, `document.querySelectorAll(".key").length === 1`)
	p.mustSay(t, "#problem", "The sandbox refused")

	p.do(t, choose("#fault-operation", ""), press("Delay of 3 s"), visible(".fault"))
	p.waitFor(t, `document.getElementById("problem").hidden`)
}

func TestBrowserSaysThatTheConnectionIsLostAndComesBack(t *testing.T) {
	p := open(newBrowser(t), t)
	p.bootstrap(t)
	evaluate[bool](t, p, `(() => { window.reading = window.fetch; window.fetch = () => Promise.reject(); return true })()`)
	p.send(t, sent{}).mustHaveStatus(t, 200)
	p.do(t, visible("#connection[data-state=bad]"))
	p.mustSay(t, "#connection", "Connection lost. Trying again")
	p.do(t, press("Delay of 3 s"), visible("#problem"))
	p.mustSay(t, "#problem", "The sandbox does not answer")

	evaluate[bool](t, p, `(() => { window.fetch = window.reading; return true })()`)
	p.do(t, visible(".exchange"), visible("#connection[data-state=good]"), press("Delay of 3 s"), visible(".fault"))
	p.waitFor(t, `document.getElementById("problem").hidden`)
}

func TestBrowserShowsCurlLinesThatRun(t *testing.T) {
	directory := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", directory, "kalshi.internal/apikeys/wrapper/cmd/kalshi-keys")
	build.Dir = "../../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	p := open(newBrowser(t), t, sandbox.WithClock(time.Now))
	made, err := p.box.Bootstrap(sandbox.OfType(sandbox.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "key.pem")
	if err := os.WriteFile(file, []byte(made.PrivateKey.RevealPrivateKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(t, visible("#operation-deleteApiKey"))
	want := map[protocol.Operation]int{"getApiKeys": 200, "createApiKey": 201, "generateApiKey": 201, "deleteApiKey": 404}
	for operation, status := range want {
		line := evaluate[string](t, p, fmt.Sprintf("document.querySelector(%q).textContent", "#operation-"+string(operation)+" pre"))
		command := exec.CommandContext(t.Context(), "sh", "-c", line)
		command.Env = append(os.Environ(), "PATH="+directory+":"+os.Getenv("PATH"), "KALSHI_API_KEY_ID="+made.ID, "KALSHI_PRIVATE_KEY_PATH="+file,
			"HOME="+directory, "NO_PROXY=*", "no_proxy=*")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s\n%v: %s", line, err, output)
		}
		exchanges := p.box.Exchanges()
		if last := exchanges[len(exchanges)-1]; last.Operation != operation || last.Status != status {
			t.Errorf("%s\nwas taken for %q and answered %d", line, last.Operation, last.Status)
		}
	}
}
