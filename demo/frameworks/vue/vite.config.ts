import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({ base: '/frameworks/vue/', plugins: [vue()] })
