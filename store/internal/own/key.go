package own

// Key opens what package store gives to packages under it alone: they can name
// the type, others cannot, and so cannot call what takes one.
type Key struct{}
