// OpenAI's SDK, Responses.
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { base, describe, model, serve, told, toolNames, toolSchema, use } from './program.mjs';

const { responses } = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'test', maxRetries: 0 });
const ask = (content) => ({ model, max_output_tokens: 4000, store: false, input: [{ role: 'user', content }] });
const summaries = (items) => items.filter((i) => i.type === 'reasoning').flatMap((i) => i.summary.map((s) => s.text)).join('');

function answer(r) {
  // The SDK gives a failed response like any other.
  if (r.status !== 'completed') throw new Error(`the response is ${r.status}: ${r.error?.message}`);
  return { text: r.output_text, thinking: summaries(r.output), tokens: r.usage.output_tokens };
}

async function loop({ prompt }, send) {
  const request = {
    ...ask(prompt),
    reasoning: { effort: 'medium', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    tools: toolNames.map((name) => ({ type: 'function', name, description: describe(name), parameters: toolSchema, strict: false })),
  };
  const calls = [];
  let thinking = '';
  for (;;) {
    const got = await send(request);
    thinking += summaries(got.output);
    const used = got.output.filter((i) => i.type === 'function_call');
    if (used.length === 0) return { ...answer(got), thinking, calls };
    request.input.push(...got.output);
    for (const { call_id, name, arguments: text } of used) {
      const input = JSON.parse(text);
      calls.push(told(name, input));
      request.input.push({ type: 'function_call_output', call_id, output: use(name, input) });
    }
  }
}

// Places count characters, where JavaScript counts UTF-16 units.
async function search({ prompt }, send) {
  const request = { ...ask(prompt), tools: [{ type: 'web_search' }] };
  const { output } = await send(request);
  const parts = output.filter((i) => i.type === 'message').flatMap((i) => i.content);
  const cited = parts.flatMap(({ text, annotations }) =>
    annotations.map((a) => `${[...text].slice(a.start_index, a.end_index).join('')} ${a.url}`),
  );
  request.input.push(...output, { role: 'user', content: 'Sure?' });
  return { ...answer(await send(request)), cited };
}

await serve({
  chat: async ({ prompt }) => answer(await responses.create(ask(prompt))),
  stream: async ({ prompt }) => {
    let chunks = 0;
    const stream = responses.stream(ask(prompt)).on('response.output_text.delta', () => chunks++);
    return { ...answer(await stream.finalResponse()), chunks };
  },
  tools: (task) => loop(task, (request) => responses.create(request)),
  tools_stream: (task) => loop(task, (request) => responses.stream(request).finalResponse()),
  search: (task) => search(task, (request) => responses.create(request)),
  search_stream: (task) => search(task, (request) => responses.stream(request).finalResponse()),
  image: async ({ prompt, image }) =>
    answer(
      await responses.create(
        ask([
          { type: 'input_image', image_url: `data:image/png;base64,${image}`, detail: 'auto' },
          { type: 'input_text', text: prompt },
        ]),
      ),
    ),
  structured: async ({ prompt }) => {
    const shape = z.object({ city: z.string(), sunny: z.boolean() });
    const got = await responses.parse({ ...ask(prompt), text: { format: zodTextFormat(shape, 'weather') } });
    return { value: got.output_parsed };
  },
});
