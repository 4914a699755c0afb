import { Component, inject } from '@angular/core'
import { injectRemaining, injectSession, SESSION } from 'sojourn/angular'

/** Appears in every tab, and one answer closes it in every tab. `sojourn/dialog` is a complete, accessible dialog. */
@Component({
  selector: 'app-warning',
  template: `
    @let seen = snapshot();
    @if (seen.phase === 'warning') {
      <section class="warning" aria-label="Warning">
        <p role="alert">Your session is about to end.</p>
        <p class="seconds" aria-hidden="true">{{ seconds() }} s</p>
        @if (seen.canExtend) {
          <p class="actions"><button class="primary" (click)="session.extend()">Stay signed in</button></p>
        }
      </section>
    }
  `,
})
export class Warning {
  readonly session = inject(SESSION)
  readonly snapshot = injectSession()
  readonly seconds = injectRemaining()
}
