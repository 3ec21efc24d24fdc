package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// lateBy is how late the clock of the demonstration is: a drift that users have met.
const lateBy = 41 * time.Second

func (d *demo) wrongSignature(ctx context.Context) error {
	d.say.explain("The ID of the RSA key with the private key of the Ed25519 key: a mix-up of two files.")
	mixed, err := wrapper.NewSignerCredentials(d.rsa.KeyID(), d.ed25519.Signer())
	if err != nil {
		return err
	}
	return d.refused(ctx, mixed, "ErrBadSignature", wrapper.ErrBadSignature)
}

func (d *demo) deletedKey(ctx context.Context) error {
	d.say.explain("The key that was just deleted signs. Its signature is right, and it is refused.")
	return d.refused(ctx, d.rsa, "ErrUnknownKey", wrapper.ErrUnknownKey)
}

// refused lists the keys, signed with credentials, and shows the error that must come.
func (d *demo) refused(ctx context.Context, credentials *wrapper.Credentials, name string, sentinel error) error {
	client, err := d.client(credentials)
	if err != nil {
		return err
	}
	_, err = client.GetAPIKeys(ctx)
	refusal, ok := errors.AsType[*wrapper.Error](err)
	switch {
	case err == nil:
		return errors.New("the call was not refused")
	case !ok:
		return err
	case !errors.Is(err, sentinel) || !errors.Is(err, wrapper.ErrUnauthenticated):
		return fmt.Errorf("this is not %s: %w", name, err)
	case refusal.Attempts != 1:
		return fmt.Errorf("a refusal for good was tried %d times", refusal.Attempts)
	}
	text, hint := describe(err)
	d.say.code("_, err := client.GetAPIKeys(ctx)")
	d.say.came("error: %s", text)
	d.say.came("hint: %s", hint)
	d.say.came("errors.Is(err, wrapper.%s) and errors.Is(err, wrapper.ErrUnauthenticated): true", name)
	d.say.came("tried once: trying again would not help")
	return nil
}

// lateClock is a clock that is late by lateBy.
type lateClock struct{}

func (lateClock) Now() time.Time { return time.Now().Add(-lateBy) }

func (lateClock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *demo) lateClock(ctx context.Context) error {
	d.say.explain(fmt.Sprintf("This client's clock is %s late, and the service refuses such timestamps.", lateBy),
		"The client learns the time from the answer's Date header, signs again, and goes on.")
	client, err := d.client(d.ed25519, wrapper.WithClock(lateClock{}))
	if err != nil {
		return err
	}
	d.say.code("_, err := client.GetAPIKeys(ctx)")
	began := time.Now()
	if _, err := client.GetAPIKeys(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	attempts := d.lastExchanges(2)
	if len(attempts) != 2 || attempts[0].Refusal != sandbox.RefusedTimestamp || attempts[1].Status != http.StatusOK {
		return errors.New("the first attempt was not refused for its timestamp")
	}
	offset := client.ClockOffset()
	// Date is cut to seconds, and nothing tells when in the course of the call it was written.
	if (offset - lateBy).Abs() > time.Second+took {
		return fmt.Errorf("the clock was corrected by %s", offset)
	}
	d.say.came("attempt 1: %d, %s", attempts[0].Status, attempts[0].Refusal)
	d.say.came("attempt 2: %d, signed with the corrected clock", attempts[1].Status)
	d.say.code("client.ClockOffset()")
	d.say.came("about %s", offset.Round(time.Second))
	return nil
}

// lastExchanges returns the last exchanges of the sandbox, oldest first.
func (d *demo) lastExchanges(count int) []sandbox.Exchange {
	all := d.box.Exchanges()
	return all[max(0, len(all)-count):]
}

func (d *demo) delete(ctx context.Context) error {
	d.say.explain("For good: a deleted key cannot be had back.")
	d.say.code("err := client.DeleteAPIKey(ctx, keyID)")
	d.say.shell("kalshi-keys delete " + d.rsa.KeyID() + " --yes")
	if err := d.admin.DeleteAPIKey(ctx, d.rsa.KeyID()); err != nil {
		return err
	}
	keys, err := d.admin.GetAPIKeys(ctx)
	if err != nil {
		return err
	}
	if holds(keys, d.rsa.KeyID()) {
		return errors.New("the deleted key is still listed")
	}
	d.say.came("deleted; %d keys are left", len(keys.APIKeys))
	d.say.table(keyTable(keys))
	return nil
}
