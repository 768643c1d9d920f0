// Command figmasize says how long the text is that figma_get_node makes of a
// file, and how long that takes. It reads answers of GET /v1/files/:key that
// were saved, and writes the text where -text says so.
//
//	go run ./examples/figmasize saved.json
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

func main() {
	text := flag.Bool("text", false, "also print the text")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := measure(path, *text); err != nil {
			fmt.Fprintln(os.Stderr, path+":", err)
			os.Exit(1)
		}
	}
}

func measure(path string, text bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return err
	}
	start := time.Now()
	file, err := design.Read(f)
	if err != nil {
		return err
	}
	t := file.Text(nil, design.TextOptions{})
	took := time.Since(start)
	if text {
		fmt.Print(t.Body)
	}
	fmt.Printf("%s: %d bytes, text %d bytes (%.2f %%), %d nodes, %v\n",
		path, about.Size(), len(t.Body), 100*float64(len(t.Body))/float64(about.Size()), t.Nodes, took.Round(time.Millisecond))
	return nil
}
