import { useLoaderData, useRouteError } from 'react-router'
import { api } from '../session'

export async function loadOrders(): Promise<string[]> {
  const response = await api('/api/orders')
  if (!response.ok) throw new Error(`The API answered ${response.status}.`)
  return response.json()
}

export function Orders() {
  const orders = useLoaderData<typeof loadOrders>()
  return (
    <>
      <h1>Orders</h1>
      <ul>
        {orders.map((order) => (
          <li key={order}>{order}</li>
        ))}
      </ul>
    </>
  )
}

export function Problem() {
  return <p>{(useRouteError() as Error).message}</p>
}
