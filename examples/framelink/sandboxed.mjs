// Loaded before Framelink: what it asks https://api.figma.com is asked of the
// sandbox at SANDBOX_FIGMA, and nothing else is asked at all. What it does with
// the answers is its own.
const figma = 'https://api.figma.com/'
const sandbox = process.env.SANDBOX_FIGMA + '/'
const ask = globalThis.fetch

globalThis.fetch = (resource, options) => {
	const url = String(resource?.url ?? resource)
	if (!url.startsWith(figma)) {
		return Promise.reject(new Error('only Figma may be asked, not ' + new URL(url).host))
	}
	return ask(sandbox + url.slice(figma.length), options)
}
