package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// asStoreFlags returns the flags of a command on a store that say the same.
func (f *serviceFlags) asStoreFlags() *storeFlags {
	return &storeFlags{
		addressFlags: f.addressFlags, dir: f.credentials.store,
		timeout: max(f.timeout, storeTimeout), settle: lifecycle.DefaultSettle, verbose: f.verbose,
	}
}

// issueInto makes the key that request describes and keeps it in the store. Without a store it
// returns the failure of that name.
func (a app) issueInto(
	command *cobra.Command, service *serviceFlags, output *outputFlag, grant grant, request lifecycle.IssueRequest, without *failure,
) error {
	switch dir, err := service.credentials.storeToSignWith(a.getenv); {
	case err != nil:
		return err
	case dir == "":
		return without
	}
	if grant.scopes != nil {
		if len(*grant.scopes) == 0 {
			return usage("--scope must name at least one scope", "Leave it out for full access; is a variable unset?")
		}
		request.Scopes = *grant.scopes
	}
	request.Subaccount, request.FCMSubtraderID = grant.subaccount, grant.subtrader
	issue := a.managing(service.asStoreFlags(), func(ctx context.Context, keys managed, _ []string) error {
		entry, err := keys.Issue(ctx, request)
		if err != nil {
			return err
		}
		shown, err := keys.show(ctx, entry)
		if err != nil {
			return err
		}
		return output.writeDone(a.stdout, "API key "+entry.KeyID+" is live and in the store", shown, shown.table())
	})
	return issue(command, nil)
}
