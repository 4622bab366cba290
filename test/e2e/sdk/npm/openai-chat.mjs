// OpenAI's SDK, Chat Completions.
import OpenAI, { toFile } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { base, describe, model, serve, told, toolNames, toolSchema, use } from './program.mjs';

const { audio, chat: { completions }, embeddings } = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'test', maxRetries: 0 });
const ask = (content) => ({ model, max_completion_tokens: 4000, messages: [{ role: 'user', content }] });
const answer = ({ choices: [{ message }], usage }) => ({
  text: message.content ?? '',
  tokens: usage?.completion_tokens ?? 0,
});

async function loop({ prompt }, send) {
  const request = {
    ...ask(prompt),
    reasoning_effort: 'medium',
    tools: toolNames.map((name) => ({ type: 'function', function: { name, description: describe(name), parameters: toolSchema } })),
  };
  const calls = [];
  let thinking = '';
  for (;;) {
    const completion = await send(request, (thought) => (thinking += thought));
    const { finish_reason, message } = completion.choices[0];
    if (finish_reason !== 'tool_calls') return { ...answer(completion), thinking, calls };
    request.messages.push(message);
    for (const { id, function: f } of message.tool_calls) {
      const input = JSON.parse(f.arguments);
      calls.push(told(f.name, input));
      request.messages.push({ role: 'tool', tool_call_id: id, content: use(f.name, input) });
    }
  }
}

async function transcribe({ sound }) {
  const file = await toFile(Buffer.from(sound, 'base64'), 'speech.wav');
  const { text, usage } = await audio.transcriptions.create({ model: 'whisper-1', file });
  const verbose = await audio.transcriptions.create({ model: 'whisper-1', file, response_format: 'verbose_json', language: 'en' });
  let pieces = '';
  let chunks = 0;
  let done;
  for await (const event of await audio.transcriptions.create({ model: 'gpt-4o-mini-transcribe', file, stream: true })) {
    if (event.type === 'transcript.text.delta') {
      pieces += event.delta;
      chunks++;
    } else {
      done = event;
    }
  }
  return { text: [text, verbose.text, verbose.language, pieces, done.text].join('|'), tokens: usage.total_tokens, chunks };
}

// Places count characters, where JavaScript counts UTF-16 units.
async function search({ prompt }, send) {
  const request = { ...ask(prompt), tools: [{ googleSearch: {} }] };
  const { message } = (await send(request)).choices[0];
  const cited = message.annotations.map(
    ({ url_citation: c }) => `${[...message.content].slice(c.start_index, c.end_index).join('')} ${c.url}`,
  );
  request.messages.push(message, { role: 'user', content: 'Sure?' });
  return { ...answer(await send(request)), cited };
}

await serve({
  transcribe,
  // The SDK asks for base64 by itself.
  embed: async ({ texts }) => {
    const { data, usage } = await embeddings.create({ model: 'text-embedding-3-small', input: texts, dimensions: 256 });
    return { value: data.map(({ embedding }) => embedding), tokens: usage.prompt_tokens };
  },
  chat: async ({ prompt }) => answer(await completions.create(ask(prompt))),
  stream: async ({ prompt }) => {
    let chunks = 0;
    const stream = completions.stream({ ...ask(prompt), stream_options: { include_usage: true } }).on('content', () => chunks++);
    return { ...answer(await stream.finalChatCompletion()), chunks };
  },
  tools: (task) =>
    loop(task, async (request, think) => {
      const completion = await completions.create(request);
      think(completion.choices[0].message.reasoning_content ?? '');
      return completion;
    }),
  tools_stream: (task) =>
    loop(task, (request, think) =>
      completions
        .stream(request)
        // The SDK does not join fields that it does not know.
        .on('chunk', (chunk) => think(chunk.choices[0]?.delta.reasoning_content ?? ''))
        .finalChatCompletion(),
    ),
  search: (task) => search(task, (request) => completions.create(request)),
  search_stream: (task) => search(task, (request) => completions.stream(request).finalChatCompletion()),
  image: async ({ prompt, image }) =>
    answer(
      await completions.create(
        ask([
          { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
          { type: 'text', text: prompt },
        ]),
      ),
    ),
  structured: async ({ prompt }) => {
    const shape = z.object({ city: z.string(), sunny: z.boolean() });
    const completion = await completions.parse({ ...ask(prompt), response_format: zodResponseFormat(shape, 'weather') });
    return { value: completion.choices[0].message.parsed };
  },
});
