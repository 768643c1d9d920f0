package normal

import (
	"strings"
	"testing"
)

func TestForm(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"words are folded, white space is one blank", "SELECT  Id\tFROM\r\nUsers", "select id from users"},
		{"comments go", "SELECT/* a /* ' */ \" */1 -- it's\r+ 2", "select 1 + 2"},
		{"semicolons at the end go, with what is between and after", "SELECT 1; /* x */ ;\n-- y", "select 1"},
		{"a semicolon inside stays", "SELECT 1; SELECT 2;", "select 1;select 2"},
		{"no text has an empty form", " -- only a comment", ""},
		{"brackets and commas take no blanks", "SELECT f ( a , b [ 1 ] ) FROM ( SELECT 1 ) x", "select f(a,b[1])from(select 1)x"},
		{"operators are set apart", "SELECT a<=b,c||d", "select a <= b,c || d"},
		{"only ASCII letters are folded", "SELECT Ärger, ÉTÉ, AZ", "select Ärger,ÉtÉ,az"},
		{"a quoted name stays", `SELECT "A ""--"" b", "C"`, `select "A ""--"" b","C"`},
		{"a string stays", "SELECT 'A  /* '' */ -- ; $$'", "select 'A  /* '' */ -- ; $$'"},
		{"a backslash ends no plain string", `SELECT 'A\' , B`, `select 'A\',b`},
		{"a backslash keeps an escape string open", `SELECT E'A\'  B' , C`, `select e'A\'  B',c`},
		{"prefixes belong to their strings", "SELECT E'A', B'01', X'1F', N'N', U&'\\0041', U&\"\\0041\"",
			"select e'A',b'01',x'1F',n'N',u&'\\0041',u&\"\\0041\""},
		{"a word before a blank is no prefix", `SELECT N 'a', U & "A", E "B"`, `select n 'a',u & "A",e "B"`},
		{"a longer word is no prefix", "SELECT date'2026-01-01', Bool'Z', Name'Z'", "select date '2026-01-01',bool 'Z',name 'Z'"},
		{"dollar quotes stay, tags are cased", "SELECT $A$ $a$ '  -- $A$, $$X$$", "select $A$ $a$ '  -- $A$,$$X$$"},
		{"a dollar in a word is part of it", "SELECT A$1$ , $1", "select a$1$,$1"},
		{"a string goes on after a line end", "SELECT 'A' \t\n\n 'B'", "select 'A'\n'B'"},
		{"and after a line comment", "SELECT 'A' -- c 'x'\n--d\n 'B'", "select 'A'\n'B'"},
		{"but not on the same line", "SELECT 'A' 'B'", "select 'A' 'B'"},
		{"nor after a block comment", "SELECT 'A' /* c */\n'B'", "select 'A' 'B'"},
		{"nor after something else", "SELECT 'A' ,\n'B'", "select 'A','B'"},
		{"an escape string goes on as one", `SELECT E'A'` + "\n" + `'\'  B'`, "select e'A'\n'\\'  B'"},
		{"a name does not go on", "SELECT \"A\"\n'B'", "select \"A\" 'B'"},
		{"minus is not joined to a comment", "SELECT a - -b, a-/**/-b", "select a - - b,a - - b"},
		{"SQL's operators let go of a sign", "SELECT a=-1, 2*-+3", "select a = - 1,2 * - + 3"},
		{"others hold it", "SELECT @-1, @ -1, a?-b", "select @- 1,@ - 1,a ?- b"},
		{"an operator ends at a comment", "SELECT 1+/*x*/2, 1@--x\n2", "select 1 + 2,1 @ 2"},
		{"numbers stay", "SELECT 1.5, .5, 1., 1E5, 1e-5, 0X1F, 0b01, 0O17, 1_000", "select 1.5,.5,1.,1E5,1e-5,0X1F,0b01,0O17,1_000"},
		{"dots of names are not dots of numbers", "SELECT A.B, a.*, 1 .5, a.5", "select a . b,a . *,1 .5,a .5"},
		{"colons", "SELECT a::INT, b[1:2], b[:], f(x:=1), f(x=>1)", "select a :: int,b[1 : 2],b[:],f(x := 1),f(x => 1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Form(c.text)
			if got != c.want {
				t.Errorf("text %q\ngot  %q\nwant %q", c.text, got, c.want)
			}
			if again := Form(got); again != got {
				t.Errorf("form %q\nhas the form %q, want itself", got, again)
			}
		})
	}
}

func TestWhatIsNotUnderstoodStaysUnchanged(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"an open string", "SELECT  'A"}, {"an open escape string", `SELECT  E'A\'`}, {"an open name", `SELECT  "A`},
		{"an open comment", "SELECT  1 /* /* */"}, {"an open dollar quote", "SELECT  $A$ $a$"}, {"a lone dollar", "SELECT  $"},
		{"a tag without its dollar", "SELECT  $A"}, {"a backslash", `SELECT  \d`}, {"a brace", "SELECT  {A}"},
		{"junk after a number", "SELECT  1A"}, {"junk after an exponent", "SELECT  1EA"}, {"junk after a hexadecimal", "SELECT  0x1G"},
		{"no digits after a base", "SELECT  0x"}, {"two underscores", "SELECT  1__0"}, {"junk after a parameter", "SELECT  $1A"},
		{"two dots after a number", "SELECT  1..2"}, {"two dots", "SELECT  A..B"}, {"a quote within bits", "SELECT  B'1''0'"},
		{"an operator longer than any can be", "SELECT  " + strings.Repeat("+", 64) + "1"},
		{"a vertical tab, white space since PostgreSQL 16", "SELECT\v 1"}, {"a NUL", "SELECT  \x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Form(c.text); got != c.text {
				t.Errorf("text %q\ngot  %q\nwant it unchanged", c.text, got)
			}
		})
	}
}

func TestFormAllocatesItsResultAlone(t *testing.T) {
	text := "SELECT u.id, count(*) AS n FROM users u JOIN orders o ON o.user_id = u.id WHERE u.country = 'DE' GROUP BY 1"
	if n := testing.AllocsPerRun(100, func() { Form(text) }); n != 1 {
		t.Errorf("got %v allocations, want 1", n)
	}
}

func BenchmarkForm(b *testing.B) {
	text := "SELECT u.id, count(*) AS n FROM users u JOIN orders o ON o.user_id = u.id WHERE u.country = 'DE'     -- x"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Form(text)
	}
}

// BenchmarkFormLong shows that time grows with the length alone.
func BenchmarkFormLong(b *testing.B) {
	text := strings.Repeat("SELECT a+b, 'x'\n'y' FROM c; ", 3500)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Form(text)
	}
}
