// Bundles the page, as an app's own build would.
import { build } from 'esbuild'

await build({
  entryPoints: ['page.jsx'], bundle: true, outfile: process.argv[2], platform: 'browser', jsx: 'automatic', logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.NEXTAUTH_URL': 'undefined', 'process.env.NEXTAUTH_URL_INTERNAL': 'undefined', 'process.env.VERCEL_URL': 'undefined' }
})
