package main

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	"github.com/fluxstudio/fluxmcp/tools"
)

// startTelemetry begins traces, metrics and error reports as they are set, and
// lets c log through them.
func (c *cli) startTelemetry(ctx context.Context) (*telemetry.Telemetry, error) {
	share, err := c.set.share("FLUXMCP_TRACE_SAMPLE")
	if err != nil {
		return nil, err
	}
	t, err := telemetry.Start(ctx, telemetry.Config{
		ServiceName: "fluxmcp", Version: version(), Environment: c.set.text("FLUXMCP_ENVIRONMENT"),
		OTLPEndpoint: c.set.text("OTEL_EXPORTER_OTLP_ENDPOINT"), OTLPHeaders: headers(c.set.list("OTEL_EXPORTER_OTLP_HEADERS")),
		SampleRatio: share, SentryDSN: c.set.text("SENTRY_DSN"), Log: c.log.Handler(),
		Tools: c.offered.tool, Prompts: c.offered.prompt,
	})
	if err != nil {
		return nil, err
	}
	c.log = t.Logger()
	return t, nil
}

// offered are the names of what a server offers, once that is known. Clients
// send any name; only these become names of metrics and spans.
type offered struct {
	names atomic.Pointer[map[string]bool] // "tool NAME" or "prompt NAME"
}

func (o *offered) set(sets []tools.Toolset) {
	names := map[string]bool{}
	for _, set := range sets {
		for _, t := range set.Tools {
			names["tool "+t.Spec.Name] = true
		}
		for _, p := range set.Prompts {
			names["prompt "+p.Name] = true
		}
	}
	o.names.Store(&names)
}

func (o *offered) has(name string) bool {
	names := o.names.Load()
	return names != nil && (*names)[name]
}

func (o *offered) tool(name string) bool   { return o.has("tool " + name) }
func (o *offered) prompt(name string) bool { return o.has("prompt " + name) }

// headers reads name=value pairs.
func headers(list []string) map[string]string {
	m := map[string]string{}
	for _, item := range list {
		if name, value, ok := strings.Cut(item, "="); ok {
			m[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return m
}

// stopTelemetry sends what is left, for a moment.
func (c *cli) stopTelemetry(t *telemetry.Telemetry) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := t.Shutdown(ctx); err != nil {
		c.log.Warn("telemetry not sent", "cause", err.Error())
	}
}
