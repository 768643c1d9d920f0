package design

// maxBytes bounds what a file may hold in memory, by the estimate of File.Bytes:
// a short answer can name very many nodes.
const maxBytes = 256 << 20

// TooLarge says that a file holds more than is taken into memory.
type TooLarge struct{}

// Error says so.
func (*TooLarge) Error() string { return "the file has more nodes than this server takes at once" }

// Code is figma_answer_too_large.
func (*TooLarge) Code() string { return "figma_answer_too_large" }

// Hint says what to do.
func (*TooLarge) Hint() string {
	return "Ask for less at once: a smaller depth, or node_ids of the parts that matter."
}
