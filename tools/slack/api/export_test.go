package api

// Kept is how many limits c remembers.
func Kept(c *Client) int { return c.limits.kept.EstimatedSize() }
