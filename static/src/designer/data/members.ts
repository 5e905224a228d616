/** Who is in the workspace. */
import { listOf, type Listed } from "./answers.ts";
import { useAsked } from "./asking.ts";
import { useDesigner } from "../store/index.ts";

export interface Member {
  name: string;
  email: string;
  roles: string;
}

interface Row {
  name?: string;
  email?: string;
  role?: string;
  roles?: string[];
  user?: { name?: string; email?: string };
}

export function useMembers(): Member[] {
  const { api } = useDesigner();
  const { answer } = useAsked("members", (signal) => api.get<Listed<Row>>("members?page_size=200", signal));
  return answer ? listOf(answer).map((row) => ({ name: row.user?.name ?? row.name ?? row.email ?? "", email: row.user?.email ?? row.email ?? "", roles: row.role ?? row.roles?.join(", ") ?? "" })) : [];
}
