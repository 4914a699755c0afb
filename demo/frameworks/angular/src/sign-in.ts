import { Component } from '@angular/core'
import { auth } from '../../shared/session'

@Component({
  template: `
    <p role="status">You are signed out.</p>
    <p class="actions"><button class="primary" (click)="auth.start()">Sign in</button></p>
  `,
})
export class SignIn {
  readonly auth = auth
}
