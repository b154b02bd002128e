// Finds ./file for ./file.js, as bundlers do.
export const resolve = (name, context, next) => next(/^\.\.?\/(?!.*\.\w+$)/.test(name) ? `${name}.js` : name, context)
