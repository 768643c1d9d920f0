package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

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
	headers, err := headers(c.set)
	if err != nil {
		return nil, err
	}
	for _, name := range librariesRead() {
		_ = os.Unsetenv(name) // settings come from here alone, and what is wrong with one must not be printed
	}
	t, err := telemetry.Start(ctx, telemetry.Config{
		ServiceName: "fluxmcp", Version: version(), Environment: c.set.text("FLUXMCP_ENVIRONMENT"),
		OTLPEndpoint: c.set.text("OTEL_EXPORTER_OTLP_ENDPOINT"), OTLPHeaders: headers,
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

// headers reads name=value pairs, whose values are percent-encoded. It tells no value.
// Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
func headers(set *settings) (map[string]string, error) {
	const name = "OTEL_EXPORTER_OTLP_HEADERS"
	m := map[string]string{}
	for n, item := range set.list(name) {
		key, value, ok := strings.Cut(item, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		key = strings.TrimSpace(key)
		if !ok || err != nil || !httpguts.ValidHeaderFieldName(key) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, &badSetting{name, fmt.Sprintf("item %d is not name=value", n+1), "Write it as x-api-key=VALUE, with %25 for a percent sign."}
		}
		m[key] = value
	}
	return m, nil
}

// librariesRead are variables that libraries would read by themselves.
func librariesRead() []string {
	list := []string{"SENTRYGODEBUG", "SENTRY_DSN", "SENTRY_ENVIRONMENT", "SENTRY_RELEASE"}
	for _, kind := range []string{"", "TRACES_", "METRICS_"} {
		for _, what := range []string{"ENDPOINT", "HEADERS", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE", "INSECURE", "COMPRESSION", "TIMEOUT"} {
			list = append(list, "OTEL_EXPORTER_OTLP_"+kind+what)
		}
	}
	return list
}

// stopTelemetry sends what is left, for a moment.
func (c *cli) stopTelemetry(t *telemetry.Telemetry) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := t.Shutdown(ctx); err != nil {
		c.log.Warn("telemetry not sent", "cause", err.Error())
	}
}
