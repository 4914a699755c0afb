import { createStore, type UseStore } from 'idb-keyval'

/** ms that one call may take, the opening of the database included. */
const LIMIT = 2000

/** The connection is gone, and nothing has been written: a new one may do (Safari: https://webkit.org/b/277615). */
const LOST = ['InvalidStateError', 'UnknownError', 'AbortError']

/**
 * What idb-keyval's `createStore` leaves out: each call ends within a limit, a connection that the browser has dropped is
 * opened anew once, and no other tab is kept waiting. `create` makes a store without a connection.
 * https://github.com/jakearchibald/idb-keyval/issues/120, https://github.com/jakearchibald/idb-keyval/issues/165
 */
function withReconnect(create: () => UseStore): UseStore {
  let store = create()

  const attempt: UseStore = async (mode, work) => {
    const used = store
    let transaction: IDBTransaction | undefined
    let late = false
    const leave = (): void => {
      if (store === used) store = create()
      transaction?.db.close()
    }
    const call = used(mode, (objects) => {
      transaction = objects.transaction
      // Without this other tabs could neither upgrade nor delete the database, and each later open() would hang:
      // https://w3c.github.io/IndexedDB/#dom-idbdatabase-onversionchange
      transaction.db.onversionchange = leave
      if (late) leave()
      return late ? Promise.reject(new Error('late')) : work(objects)
    })
    try {
      return await within(call)
    } catch (error) {
      late = true
      try {
        // A write that its caller has given up must not land later.
        transaction?.abort()
      } catch {
        // It was over already.
      }
      leave()
      throw error
    }
  }

  return (mode, work) =>
    attempt(mode, work).catch((error: unknown) => {
      if (error instanceof DOMException && LOST.includes(error.name)) return attempt(mode, work)
      throw error
    })
}

/** `work`, or a TimeoutError after the limit. IndexedDB can stay silent for ever: https://webkit.org/b/226547 */
function within<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = (): void => {
      reject(new DOMException(`IndexedDB is silent.`, 'TimeoutError'))
    }
    // In two halves: a page that was frozen or busy finds a timer due before it is handed the answer that lies ready.
    let timer = setTimeout(() => {
      timer = setTimeout(expire, LIMIT / 2)
    }, LIMIT / 2)
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
    })
  })
}

/** The library's database. It is opened at the first call. */
export const openDatabase = (): UseStore => withReconnect(() => createStore('sojourn', 'keyval'))
