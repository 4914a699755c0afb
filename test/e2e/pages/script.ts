import { installHarness, type Library } from './harness.js'

installHarness((window as unknown as { Sojourn: Library }).Sojourn)
