package pages

import "github.com/fluxstudio/fluxmcp/oauth/consent"

const (
	newLink  = "Ask your assistant for a new link."
	operator = "Tell the person who runs this server: `fluxmcp doctor` shows what is wrong."
)

// words are what a page says of a refusal: what it is, what that means, and the
// one next step. {p} and {P} stand for the provider, {who} for who is signed in.
func words(code string) (heading, text, next string) {
	switch consent.Reason(code) {
	case consent.TicketUnknown:
		return "This link is not known", "It may have lost a part on its way to this browser.", "Open the whole link, or ask your assistant for a new one."
	case consent.TicketExpired:
		return "This link has expired", "Links are good for 15 minutes. Nothing was connected with this one.", newLink
	case consent.TicketUsed:
		return "This link has been used", "Each link works once. If you did not use it yourself, look at your accounts.", newLink
	case consent.TicketBusy:
		return "This link is in use", "Another window is finishing what this link is for.", "Look at the other window, or reload this page in half a minute."
	case consent.TicketForeign:
		return "This link is for somebody else", "You are signed in as {who}, and the link was made for another person. Nothing was connected.", "Sign out if the link is yours; otherwise close this page."
	case consent.TicketBurned:
		return "This link is locked", "A wrong code was entered, or somebody else opened it, too often. Nothing was connected.", newLink
	case consent.SignInNeeded:
		return "Nobody is signed in here", "This page shows your accounts once it knows who you are.", "Ask your assistant: “Give me the link to my accounts page.” The tool list_accounts makes it."
	case consent.ProviderUnconfigured:
		return "{P} is not offered here", "This server has no client id and secret for it.", "Ask the person who runs this server to set them."
	case consent.ConsentDenied:
		return "{P} was not connected", "The permission was not given. Nothing has changed.", "To give it after all, open the link again. Otherwise close this page."
	case consent.ProviderFailed:
		return "{P} gave no access", "You did nothing wrong. Nothing was connected.", "Open the link again. If that does not help, tell the person who runs this server."
	case consent.IdentityFailed:
		return "{P} did not say whose account it is", "You did nothing wrong. Nothing was connected.", "Open the link again. If that does not help, tell the person who runs this server."
	default:
		return wordsOfReturn(code)
	}
}

// wordsOfReturn are those that people meet who come back from a provider.
func wordsOfReturn(code string) (heading, text, next string) {
	switch consent.Reason(code) {
	case consent.StateUnknown:
		return "This was not started here", "{P} sent you back, but nobody here was waiting for it. Nothing was connected.", newLink
	case consent.StateExpired:
		return "That took too long", "You have 15 minutes at {p}. Nothing was connected.", newLink
	case consent.StateUsed:
		return "This was done before", "You came back from {p} a second time, as by a reload or the Back button. The first time counts.", "If {p} is not connected, open the link again."
	case consent.StateForeign:
		return "This was started elsewhere", "Somebody allowed it in another browser, or as another person. To protect both accounts, nothing was connected.", "If it was you, go on in the browser where you began. Otherwise close this page."
	case consent.ProviderMismatch:
		return "This is the wrong way back", "What was started is not for {p}, or not for this address. Nothing was connected.", newLink
	case "provider_misconfigured":
		return "{P} does not accept this server", "Its client id, secret or redirect URI is wrong. You did nothing wrong, and nothing was connected.", operator
	case "bad_argument":
		return "This address is incomplete", "A part of what {p} sends with you is missing. Nothing was connected.", "Open the link from your assistant again."
	default:
		return wordsOfPage(code)
	}
}

// wordsOfPage are those of the pages themselves.
func wordsOfPage(code string) (heading, text, next string) {
	switch code {
	case "form_foreign":
		return "This came from another site", "The button was on a page at another address. Nothing was done.", "Open the page here to go on."
	case "form_cookie":
		return "The cookie is missing", "Your browser did not send the cookie that this page set: cookies are off, or the page was open for more than an hour. Nothing was done.", "Open the page again."
	case "form_stale":
		return "This page is out of date", "It was opened for another browser. Nothing was done.", "Open the page again."
	case "form_type", "form_size":
		return "That is no form of ours", "What was sent cannot be read. Nothing was done.", "Open the page again, and use its buttons."
	case "result_gone":
		return "This page is gone", "What it said was for one browser, and for ten minutes.", "Your assistant can list your accounts."
	case "not_found":
		return "There is nothing here", "The address may be mistyped.", "Open the link from your assistant again."
	case "unknown_provider":
		return "This provider is not known", "Nobody here has accounts there.", "Look at the list of accounts."
	case "not_connected":
		return "There is nothing to disconnect", "{P} is not connected.", "You can close this page."
	case "internal":
		return "Something went wrong", "You did nothing wrong. The cause is in the log of this server.", "Try again once. If that does not help, give the reference below to the person who runs this server."
	default:
		return "That did not work just now", "A part of this server is not available at the moment. Nothing was lost.", "Wait a few seconds, then open the link or page again."
	}
}
