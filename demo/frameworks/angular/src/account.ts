import { HttpClient } from '@angular/common/http'
import { Component, inject, signal } from '@angular/core'
import { SESSION } from 'sojourn/angular'

@Component({
  template: `
    <p role="status">You are signed in.</p>
    <p class="quiet">Without a move for a minute, in all tabs, the session ends.</p>
    <p class="actions">
      <button (click)="ask()">Who am I?</button>
      <button (click)="session.signOut()">Sign out</button>
    </p>
    <output>{{ name() }}</output>
  `,
})
export class Account {
  private readonly http = inject(HttpClient)
  readonly session = inject(SESSION)
  readonly name = signal('')

  ask(): void {
    this.http.get<{ name: string }>('/api/me').subscribe(({ name }) => {
      this.name.set(name)
    })
  }
}
