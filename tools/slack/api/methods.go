package api

import "time"

// method is one of the Web API.
type method struct {
	name   string
	writes bool // others see what it does
	every  time.Duration
	burst  int // calls at once
	most   int64
}

// Bounds of answers, bytes after decompression.
const (
	maxAnswer = 8 << 20
	maxList   = 32 << 20 // of up to 1,000 conversations or people
)

// Slack names a number of calls a minute that it always allows, and bears more
// now and then: two minutes' worth may come at once.
// Source: https://docs.slack.dev/apis/web-api/rate-limits
func tier(name string, perMinute int) method {
	return method{name: name, every: time.Minute / time.Duration(perMinute), burst: 2 * perMinute, most: maxAnswer}
}

// Calls a minute of the tiers. Special is of those methods whose page says
// "hundreds of requests per minute".
const (
	tier2   = 20
	tier3   = 50
	tier4   = 100
	special = 300
)

func (m method) list() method {
	m.most = maxList
	return m
}

func (m method) write() method {
	m.writes = true
	return m
}

// The methods, with the limits that their pages name.
func authTest() method            { return tier("auth.test", special) }
func conversationsList() method   { return tier("conversations.list", tier2).list() }
func usersConversations() method  { return tier("users.conversations", tier3).list() }
func conversationsInfo() method   { return tier("conversations.info", tier3) }
func conversationsHist() method   { return tier("conversations.history", tier3) }
func conversationsRepl() method   { return tier("conversations.replies", tier3) }
func searchMessages() method      { return tier("search.messages", tier2) }
func usersInfo() method           { return tier("users.info", tier4) }
func usersLookupByEmail() method  { return tier("users.lookupByEmail", tier3) }
func usersList() method           { return tier("users.list", tier2).list() }
func chatUpdate() method          { return tier("chat.update", tier3).write() }
func chatDelete() method          { return tier("chat.delete", tier3).write() }
func chatGetPermalink() method    { return tier("chat.getPermalink", special) }
func filesInfo() method           { return tier("files.info", tier4) }
func filesCompleteUpload() method { return tier("files.completeUploadExternal", tier4).write() }

// filesGetUploadURL only makes a place that nobody sees, so it counts as reading.
func filesGetUploadURL() method { return tier("files.getUploadURLExternal", tier4) }

// chatPostMessage may be called once a second for a channel, with short bursts.
func chatPostMessage() method {
	return method{name: "chat.postMessage", writes: true, every: time.Second, burst: 10, most: maxAnswer}
}
