import { useLoaderData } from 'react-router'
import { api } from '../session'

export async function loadOrders(): Promise<string[]> {
  const response = await api('/api/orders')
  if (!response.ok) throw response
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
