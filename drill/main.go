// Command drill does to the ordinary binary what is too heavy for make test: it begins with a plain process
// on a database of its own, attacks it or takes something away, prints what it did and what it saw, and
// exits non-zero when a promise of the project is broken. It reads /proc and takes Linux.
//
//	make drill                    all of them
//	go run ./drill -run crowd     those whose name begins so; from within withpostgres, as make does it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
	"github.com/switchboard-voice/switchboard/lab/steps"
)

// drill is one scenario. What run returns is why the scenario could not be played; a promise that does not
// hold is told by stage.promise, and the scenario goes on.
type drill struct {
	name string
	does string // one line
	run  func(context.Context, *stage) error
}

// drills are played in this order, each on a stage of its own. To add one: a function in a file of its own,
// and a line here. The stage has a migrated database (l.Pool, l.Database), a provider (l.Provider) and the
// running server (l.Server; l.Launch starts more, with settings as NAME=value); l.Seed fills the database
// with organizations, people and calls; l.saw and l.promise print.
func drills() []drill {
	return []drill{
		{"refused", "the most expensive documents, from nobody", refuse},
		{"idle", "10,000 connections that send nothing", idle},
		{"intake", "webhooks at full rate for a minute, with queries beside them", intake},
		{"crowd", "5,000 sockets, 200 changes a second for 20 s", crowd},
		{"storm", "5,000 sockets lose their server and come back with their cursors", storm},
		{"terminate", "SIGTERM with 5,000 sockets and requests under way", terminate},
		{"pooler", "a real PgBouncer in transaction mode in front of the database", pooler},
		{"disk-uploads", "the disk of the uploads is full", uploadDisk},
		{"disk-database", "the disk of the database is full", databaseDisk},
		{"disk-log", "the disk of the database has no room for its log", databaseLog},
		{"killed", "kill -9 of one of two servers at any step, 30 times", killed},
		{"steps-transcription", "kill -9 at each step of a transcription", stepsOf(steps.Transcription())},
		{"steps-call", "kill -9 at each step of a call", stepsOf(steps.Call())},
		{"steps-purchase", "kill -9 at each step of a purchase", stepsOf(steps.Purchase())},
		{"skew-ahead", "the database's clock is ten minutes ahead, and a server is killed", ahead},
		{"skew-behind", "the same with the clock ten minutes behind, and then right again", behind},
	}
}

// limit ends a drill that hangs; the longest takes a third of it.
const limit = 15 * time.Minute

func main() {
	only := flag.String("run", "", "play only the drills whose name begins with this")
	list := flag.Bool("list", false, "list the drills")
	flag.Parse()
	if *list {
		for _, d := range drills() {
			fmt.Printf("%-10s %s\n", d.name, d.does)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	slog.SetLogLoggerLevel(slog.LevelError) // the local providers warn of what the drills do to them
	if err := lab.Raise(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	played, bad := 0, 0
	for _, d := range drills() {
		if !strings.HasPrefix(d.name, *only) || ctx.Err() != nil {
			continue
		}
		played++
		if !play(ctx, d) {
			bad++
		}
	}
	fmt.Printf("\n%d drills, %d of them bad\n", played, bad)
	if played == 0 || bad > 0 || ctx.Err() != nil {
		os.Exit(1)
	}
}

// play runs one drill and says whether every promise held.
func play(ctx context.Context, d drill) bool {
	fmt.Printf("\n%s: %s\n", d.name, d.does)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	l, err := open(ctx)
	if err == nil {
		err = d.run(ctx, l)
	}
	if err = errors.Join(err, l.Close()); err != nil {
		fmt.Printf("  BROKEN  %v\n", err)
	}
	fmt.Printf("  took %s\n", time.Since(began).Round(time.Second))
	return err == nil && l.broken == 0
}
