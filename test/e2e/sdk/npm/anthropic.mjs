// Anthropic's SDK.
import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { base, describe, model, serve, told, toolNames, toolSchema, use } from './program.mjs';

const client = new Anthropic({ baseURL: base, apiKey: 'test', maxRetries: 0 });
const ask = (content) => ({ model, max_tokens: 4000, messages: [{ role: 'user', content }] });
const joined = (message, type, field) => message.content.filter((b) => b.type === type).map((b) => b[field]).join('');
const answer = (message) => ({
  text: joined(message, 'text', 'text'),
  thinking: joined(message, 'thinking', 'thinking'),
  tokens: message.usage.output_tokens,
});

async function loop({ prompt }, send) {
  const request = {
    ...ask(prompt),
    thinking: { type: 'enabled', budget_tokens: 2000 },
    tools: toolNames.map((name) => ({ name, description: describe(name), input_schema: toolSchema })),
  };
  const calls = [];
  let thinking = '';
  for (;;) {
    const message = await send(request);
    thinking += answer(message).thinking;
    if (message.stop_reason !== 'tool_use') return { ...answer(message), thinking, calls };
    const used = message.content.filter((b) => b.type === 'tool_use');
    calls.push(...used.map((b) => told(b.name, b.input)));
    request.messages.push(
      { role: 'assistant', content: message.content },
      { role: 'user', content: used.map((b) => ({ type: 'tool_result', tool_use_id: b.id, content: use(b.name, b.input) })) },
    );
  }
}

async function search({ prompt }, send) {
  const request = { ...ask(prompt), tools: [{ google_search: {} }] };
  const { content } = await send(request);
  const cited = content.flatMap((b) => b.citations ?? []).map((c) => `${c.cited_text} ${c.url}`);
  request.messages.push({ role: 'assistant', content }, { role: 'user', content: 'Sure?' });
  return { ...answer(await send(request)), cited };
}

await serve({
  chat: async ({ prompt }) => answer(await client.messages.create(ask(prompt))),
  stream: async ({ prompt }) => {
    let chunks = 0;
    const stream = client.messages.stream(ask(prompt)).on('text', () => chunks++);
    return { ...answer(await stream.finalMessage()), chunks };
  },
  tools: (task) => loop(task, (request) => client.messages.create(request)),
  tools_stream: (task) => loop(task, (request) => client.messages.stream(request).finalMessage()),
  search: (task) => search(task, (request) => client.messages.create(request)),
  search_stream: (task) => search(task, (request) => client.messages.stream(request).finalMessage()),
  image: async ({ prompt, image }) =>
    answer(
      await client.messages.create(
        ask([
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
          { type: 'text', text: prompt },
        ]),
      ),
    ),
  structured: async ({ prompt }) => {
    const shape = z.object({ city: z.string(), sunny: z.boolean() });
    const message = await client.messages.parse({ ...ask(prompt), output_config: { format: zodOutputFormat(shape) } });
    return { value: message.parsed_output };
  },
});
