package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// explain finds out why a request that is not authenticated was turned down. It runs on
// refusals only, so nothing that it does slows a good request. The key is the one that the
// request named, if there is one.
func (s *Sandbox) explain(r *http.Request, given credentials, named key, reason Refusal) *Explanation {
	switch reason {
	case RefusedNoCredentials:
		return explainNoCredentials(r)
	case RefusedNoKeyID:
		return explanationOf(finding{mistake: MistakeMissingKeyID})
	case RefusedNoSignature:
		return explanationOf(finding{mistake: MistakeMissingSignature})
	case RefusedNoTimestamp:
		return explanationOf(finding{mistake: MistakeMissingTimestamp})
	case RefusedTimestamp, RefusedMalformedTimestamp:
		return s.explainTimestamp(given.timestamp)
	case RefusedMalformedKeyID:
		return s.explainKeyID(given.keyID)
	case RefusedUnknownKey:
		return s.explainUnknownKey(named)
	case RefusedReplay:
		return explanationOf(finding{mistake: MistakeReplay})
	case RefusedSignature:
		return s.explainSignature(r, given, named)
	}
	return nil
}

// explainNotFound tells of a base URL without its path. A path that is simply unknown needs no
// explanation.
func explainNotFound(method, target string) *Explanation {
	if operationOf(method, BasePath+target) == "" {
		return nil
	}
	return explanationOf(finding{mistake: MistakeURLWithoutBasePath})
}

func explainNoCredentials(r *http.Request) *Explanation {
	for name := range r.Header {
		name = strings.ToUpper(name)
		isOurs := name == protocol.HeaderKey || name == protocol.HeaderSignature || name == protocol.HeaderTimestamp
		if name == "AUTHORIZATION" || strings.Contains(name, "KALSHI") && !isOurs {
			return explanationOf(finding{mistake: MistakeHeaderNames})
		}
	}
	return explanationOf(finding{mistake: MistakeNoHeaders})
}

// explainTimestamp tells another unit from a wrong clock: what is within a day of now in some
// unit is in that unit.
func (s *Sandbox) explainTimestamp(text string) *Explanation {
	whole, _, fractional := strings.Cut(text, ".")
	number, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(whole, "+-") {
		return explanationOf(finding{mistake: MistakeTimestampForm})
	}
	now := s.now()
	isNow := func(t time.Time) bool { return t.Sub(now).Abs() < 24*time.Hour }
	switch {
	case isNow(time.Unix(number, 0)):
		return explanationOf(finding{mistake: MistakeTimestampSeconds})
	case fractional:
		return explanationOf(finding{mistake: MistakeTimestampForm})
	case isNow(time.UnixMicro(number)):
		return explanationOf(finding{mistake: MistakeTimestampMicroseconds})
	case isNow(time.Unix(0, number)):
		return explanationOf(finding{mistake: MistakeTimestampNanoseconds})
	}
	return explanationOf(finding{MistakeClock, s.describeSkew(time.UnixMilli(number).Sub(now))})
}

func (s *Sandbox) describeSkew(skew time.Duration) string {
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return skew.Abs().Round(time.Millisecond).String() + " " + direction + " the sandbox's; accepted are " +
		s.settings.behind.String() + " behind to " + s.settings.ahead.String() + " ahead"
}

func (s *Sandbox) explainKeyID(text string) *Explanation {
	for _, k := range s.keys.all() {
		if k.name == text {
			return explanationOf(finding{mistake: MistakeKeyIDIsName})
		}
	}
	for at := range max(0, len(text)-35) {
		if _, isID := parseKeyID(text[at : at+36]); isID {
			return explanationOf(finding{mistake: MistakeKeyIDStray})
		}
	}
	return explanationOf(finding{mistake: MistakeKeyIDMalformed})
}

func (s *Sandbox) explainUnknownKey(named key) *Explanation {
	switch {
	case named.id == "":
		return explanationOf(finding{mistake: MistakeKeyUnknown})
	case !named.deleted.IsZero():
		return explanationOf(finding{mistake: MistakeKeyDeleted})
	}
	return explanationOf(finding{mistake: MistakeKeyNotYetLive})
}
