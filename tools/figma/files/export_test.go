package files

import "context"

// Flights is flights, for tests.
type Flights = flights

// Once is once, for tests.
func Once[T any](ctx context.Context, g *Flights, key string, work func(context.Context) (T, error)) (T, error) {
	return once(ctx, g, key, work)
}
