package blockkit_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
)

// outcome is what a layout came to, as one text.
func outcome(blocks json.RawMessage, text string, err error) string {
	if err != nil {
		e, ok := err.(interface {
			Code() string
			Hint() string
		})
		if !ok {
			return err.Error()
		}
		return e.Code() + ": " + err.Error() + ". " + e.Hint()
	}
	return string(blocks) + "\n" + text
}

const context = `{"type":"context","elements":[{"type":"mrkdwn","text":"*FluxStudio* · <!date^1795537200^{date_short_pretty} {time}|2026-11-24 16:20 UTC>"}]}`

func TestProjectUpdate(t *testing.T) {
	at := time.Date(2026, 11, 24, 17, 20, 0, 0, time.FixedZone("CET", 3600))
	for _, c := range []struct {
		name string
		in   blockkit.Project
		want string
	}{
		{"as FluxStudio lays it out", blockkit.Project{Name: "Nova", Type: "created", Details: "First **draft**"},
			`[{"type":"header","text":{"type":"plain_text","text":"🎨 Project Created: Nova"}},{"type":"section","text":{"type":"mrkdwn","text":"First *draft*"}},` + context + "]\nProject created: Nova"},
		{"without details there is no section", blockkit.Project{Name: "Nova", Type: "completed", Details: " \n"},
			`[{"type":"header","text":{"type":"plain_text","text":"✅ Project Completed: Nova"}},` + context + "]\nProject completed: Nova"},
		{"the header is plain text, the rest is escaped", blockkit.Project{Name: "A & <!channel>", Type: "updated", Details: "<!here> & co"},
			`[{"type":"header","text":{"type":"plain_text","text":"📝 Project Updated: A & <!channel>"}},{"type":"section","text":{"type":"mrkdwn","text":"&lt;!here&gt; &amp; co"}},` + context + "]\nProject updated: A &amp; &lt;!channel&gt;"},
		{"the header is cut", blockkit.Project{Name: strings.Repeat("é", 200), Type: "archived"},
			`[{"type":"header","text":{"type":"plain_text","text":"📁 Project Archived: ` + strings.Repeat("é", 129) + `…"}},` + context + "]\nProject archived: " + strings.Repeat("é", 200)},
		{"an unknown type is refused", blockkit.Project{Name: "Nova", Type: "milestone"}, "bad_argument: there is no such type of project update. Give one of created, updated, completed, archived."},
		{"no name is refused", blockkit.Project{Name: " \n", Type: "created"}, "bad_argument: the project has no name. Give the name of the project."},
		{"very long details are refused", blockkit.Project{Name: "Nova", Type: "created", Details: strings.Repeat("a ", 7000)}, "slack_message_too_long: the details have 13999 characters as Slack writes them, and Slack takes 12000. Shorten the details, or post them as messages of their own with slack_post_message."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(blockkit.ProjectUpdate(c.in, at)); got != c.want {
				t.Errorf("ProjectUpdate\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestEveryLayoutPassesItsOwnCheck(t *testing.T) {
	long := strings.Repeat("**word** & <b>\n\n", 480)
	for _, kind := range blockkit.UpdateTypes() {
		blocks, _, err := blockkit.ProjectUpdate(blockkit.Project{Name: long, Type: kind, Details: long}, time.Unix(0, 0))
		if err != nil {
			t.Fatalf("ProjectUpdate: %v", err)
		}
		if err := blockkit.Check(blocks); err != nil {
			t.Errorf("Check of %s: %v", kind, err)
		}
		var list []any
		if err := json.Unmarshal(blocks, &list); err != nil || len(list) < 4 {
			t.Errorf("%d blocks (%v), want the details in several sections", len(list), err)
		}
	}
	blocks, _, err := blockkit.TaskNotification(blockkit.Task{Title: long, Assignee: "<@U1>", Due: "tomorrow"})
	if err != nil {
		t.Fatalf("TaskNotification: %v", err)
	}
	if err := blockkit.Check(blocks); err != nil {
		t.Errorf("Check of a task: %v", err)
	}
}

func TestUpdateTypes(t *testing.T) {
	if got, want := blockkit.UpdateTypes(), []string{"created", "updated", "completed", "archived"}; !slices.Equal(got, want) {
		t.Errorf("UpdateTypes() = %q, want %q", got, want)
	}
}

func TestTaskNotification(t *testing.T) {
	head := func(title string) string {
		return fmt.Sprintf(`[{"type":"section","text":{"type":"mrkdwn","text":"📋 *New Task Assigned*\n*%s*"}}`, title)
	}
	for _, c := range []struct {
		name string
		in   blockkit.Task
		want string
	}{
		{"as FluxStudio lays it out", blockkit.Task{Title: "Draw", Assignee: "<@U1>", Due: "2026-12-01"},
			head("Draw") + `,{"type":"section","fields":[{"type":"mrkdwn","text":"*Assigned to:*\n<@U1>"},{"type":"mrkdwn","text":"*Due Date:*\n2026-12-01"}]}]` + "\nNew task assigned: Draw"},
		{"without a date", blockkit.Task{Title: "Draw", Assignee: "Ada"},
			head("Draw") + `,{"type":"section","fields":[{"type":"mrkdwn","text":"*Assigned to:*\nAda"}]}]` + "\nNew task assigned: Draw"},
		{"a title alone", blockkit.Task{Title: "Draw"}, head("Draw") + "]\nNew task assigned: Draw"},
		{"everything is escaped", blockkit.Task{Title: "<!channel>\n& co", Assignee: "<!here> @everyone", Due: "<b>"},
			head("&lt;!channel&gt; &amp; co") + `,{"type":"section","fields":[{"type":"mrkdwn","text":"*Assigned to:*\n&lt;!here&gt; @` + zw + `everyone"},{"type":"mrkdwn","text":"*Due Date:*\n&lt;b&gt;"}]}]` + "\nNew task assigned: &lt;!channel&gt; &amp; co"},
		{"no title is refused", blockkit.Task{Assignee: "<@U1>"}, "bad_argument: the task has no title. Give the title of the task."},
		{"a very long assignee is refused", blockkit.Task{Title: "a", Assignee: strings.Repeat("a", 2000)}, "slack_message_too_long: the field Assigned to has more characters than Slack takes. Give a name or a date alone."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(blockkit.TaskNotification(c.in)); got != c.want {
				t.Errorf("TaskNotification\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func BenchmarkGuard4KB(b *testing.B) {
	blocks := json.RawMessage(times(20, `{"type":"section","text":{"type":"mrkdwn","text":"*a* <@U1> `+strings.Repeat("word ", 25)+`<!here>"}}`))
	b.SetBytes(int64(len(blocks)))
	b.ReportAllocs()
	for b.Loop() {
		blockkit.Guard(blocks, false)
	}
}

func BenchmarkCheck4KB(b *testing.B) {
	blocks := json.RawMessage(times(20, `{"type":"section","text":{"type":"mrkdwn","text":"*a* <@U1> `+strings.Repeat("word ", 25)+`"}}`))
	b.SetBytes(int64(len(blocks)))
	b.ReportAllocs()
	for b.Loop() {
		if err := blockkit.Check(blocks); err != nil {
			b.Fatal(err)
		}
	}
}
