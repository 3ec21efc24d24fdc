package keystore_test

import (
	"testing"

	"kalshi.internal/apikeys/wrapper/keystore"
)

// suite is the store that a property is checked with, and where to say that it lacks it.
type suite struct {
	*testing.T
	*keystore.Store
}

func TestTheRulesHoldOverEveryEngine(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *keystore.Store{
		"memory":    func(*testing.T) *keystore.Store { return keystore.New(keystore.NewMemory()) },
		"directory": func(t *testing.T) *keystore.Store { t.Helper(); return mustOpen(t, newDir(t)) },
		"sealed":    func(t *testing.T) *keystore.Store { t.Helper(); return mustSeal(t, keystore.NewMemory()) },
		"leased":    func(*testing.T) *keystore.Store { return keystore.New(newLeased()) },
		"published": func(t *testing.T) *keystore.Store { t.Helper(); store, _, _ := newDesk(t); return store },
	} {
		t.Run(name, func(t *testing.T) { checkRules(t, open) })
	}
}

func checkRules(t *testing.T, open func(t *testing.T) *keystore.Store) {
	t.Helper()
	for _, property := range []struct {
		name  string
		check func(suite)
	}{
		{"an empty store lists nothing", anEmptyStoreListsNothing},
		{"an entry comes back as it was put", anEntryComesBackAsItWasPut},
		{"an RSA key comes back as it was put", anRSAKeyComesBackAsItWasPut},
		{"an entry without optional parts comes back as it was put", anEntryWithoutOptionalPartsComesBackAsItWasPut},
		{"a base URL is kept in normal form", aBaseURLIsKeptInNormalForm},
		{"an entry is replaced", anEntryIsReplaced},
		{"a revoked entry stays without its private key", aRevokedEntryStaysWithoutItsPrivateKey},
		{"an absent entry is ErrNotFound", anAbsentEntryIsErrNotFound},
		{"key IDs that look alike are kept apart", keyIDsThatLookAlikeAreKeptApart},
		{"entries are listed oldest first", entriesAreListedOldestFirst},
		{"what is handed out is the caller's own", whatIsHandedOutIsTheCallersOwn},
		{"no key is lost by putting another", noKeyIsLostByPuttingAnother},
		{"a private key can be added", aPrivateKeyCanBeAdded},
		{"an entry that contradicts itself is refused", anEntryThatContradictsItselfIsRefused},
		{"nothing is written without the lock", nothingIsWrittenWithoutTheLock},
		{"without a choice no key is current", withoutAChoiceNoKeyIsCurrent},
		{"what is current switches", whatIsCurrentSwitches},
		{"every base URL has its own current key", everyBaseURLHasItsOwnCurrentKey},
		{"the spelling of a base URL does not matter", theSpellingOfABaseURLDoesNotMatter},
		{"what cannot sign here cannot become current", whatCannotSignHereCannotBecomeCurrent},
		{"the current entry is returned as it is now", theCurrentEntryIsReturnedAsItIsNow},
		{"a journal is empty at first", aJournalIsEmptyAtFirst},
		{"records come back in the order in which they were created", recordsComeBackInTheOrderInWhichTheyWereCreated},
		{"a replaced record keeps its place", aReplacedRecordKeepsItsPlace},
		{"a deleted record is gone, and may be deleted again", aDeletedRecordIsGoneAndMayBeDeletedAgain},
		{"a record that is too large is refused", aRecordThatIsTooLargeIsRefused},
		{"the lock waits until the context ends", theLockWaitsUntilTheContextEnds},
		{"unlocking again does nothing", unlockingAgainDoesNothing},
		{"only one at a time holds the lock", onlyOneAtATimeHoldsTheLock},
		{"an ended context changes nothing", anEndedContextChangesNothing},
	} {
		t.Run(property.name, func(t *testing.T) { property.check(suite{t, open(t)}) })
	}
}
