import { Component } from '@angular/core'
import { beginSignIn } from '../../shared/sign-in'

@Component({
  template: `
    <p role="status">You are signed out.</p>
    <p class="actions"><button class="primary" (click)="beginSignIn()">Sign in</button></p>
  `,
})
export class SignIn {
  readonly beginSignIn = beginSignIn
}
