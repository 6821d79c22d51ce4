// Command recognize prints what is said in a recording as JSON. The tests of package speech run it where
// they themselves run under the race detector, in which the engine is about 19 times slower.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "recognize:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("give the folder of the model and a recording")
	}
	engine, err := speech.Open(args[0])
	if err != nil {
		return err
	}
	result, err := engine.Recognize(ctx, args[1])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
