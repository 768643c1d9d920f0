package api

// Kept is how many plans and limits c remembers.
func Kept(c *Client) (plans, limits int) {
	return c.breaker.plans.EstimatedSize(), c.breaker.shut.EstimatedSize()
}
