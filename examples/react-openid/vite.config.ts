import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { developmentProvider } from './dev/provider.js'

export default defineConfig({
  plugins: [react(), developmentProvider()],
})
