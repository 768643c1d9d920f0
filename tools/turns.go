package tools

import "context"

// Turns keeps one principal from taking all there is at once.
type Turns interface {
	// Enter waits until p has few enough calls under way, or for as long as is
	// worth it. The returned function must be called when the call has ended.
	// Errors have Code() and Hint(), but for ctx's own.
	Enter(ctx context.Context, p Principal) (leave func(), err error)
}
