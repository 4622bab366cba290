// Google's SDK.
import { GoogleGenAI } from '@google/genai';
import { base, describe, embeddingModel, model, serve, told, toolNames, toolSchema, use } from './program.mjs';

const { chats, models } = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: base, retryOptions: { attempts: 1 } } });
const text = (parts, thought) => parts.filter((p) => p.text && !!p.thought === thought).map((p) => p.text).join('');
const partsOf = (reply) => reply.candidates?.[0]?.content?.parts ?? [];
const answer = (parts, usage) => ({ text: text(parts, false), thinking: text(parts, true), tokens: usage?.candidatesTokenCount ?? 0 });

const whole = (reply) => ({ parts: partsOf(reply), usage: reply.usageMetadata, chunks: 1 });

async function joined(replies) {
  const all = { parts: [], chunks: 0 };
  for await (const reply of replies) {
    all.parts.push(...partsOf(reply));
    all.usage = reply.usageMetadata ?? all.usage;
    all.chunks++;
  }
  return all;
}

const unary = async (request) => whole(await models.generateContent(request));
const streamed = async (request) => joined(await models.generateContentStream(request));

// The SDK's own chat keeps the history.
async function loop({ prompt }, send) {
  const config = {
    thinkingConfig: { includeThoughts: true },
    tools: [{ functionDeclarations: toolNames.map((name) => ({ name, description: describe(name), parametersJsonSchema: toolSchema })) }],
  };
  const chat = chats.create({ model, config });
  const calls = [];
  let thinking = '';
  let message = prompt;
  for (;;) {
    const { parts, usage } = await send(chat, { message });
    thinking += text(parts, true);
    const used = parts.filter((p) => p.functionCall).map((p) => p.functionCall);
    if (used.length === 0) return { ...answer(parts, usage), thinking, calls };
    calls.push(...used.map((c) => told(c.name, c.args)));
    message = used.map(({ id, name, args }) => ({ functionResponse: { id, name, response: { output: use(name, args) } } }));
  }
}

await serve({
  embed: async ({ texts }) => {
    const { embeddings } = await models.embedContent({ model: embeddingModel, contents: texts, config: { outputDimensionality: 256 } });
    return { value: embeddings.map(({ values }) => values), tokens: 1 };
  },
  chat: async ({ prompt }) => {
    const { parts, usage } = await unary({ model, contents: prompt });
    return answer(parts, usage);
  },
  stream: async ({ prompt }) => {
    const { parts, usage, chunks } = await streamed({ model, contents: prompt });
    return { ...answer(parts, usage), chunks };
  },
  tools: (task) => loop(task, async (chat, m) => whole(await chat.sendMessage(m))),
  tools_stream: (task) => loop(task, async (chat, m) => joined(await chat.sendMessageStream(m))),
  image: async ({ prompt, image }) => {
    const contents = [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: image } }, { text: prompt }] }];
    const { parts, usage } = await unary({ model, contents });
    return answer(parts, usage);
  },
  structured: async ({ prompt }) => {
    const responseJsonSchema = {
      type: 'object',
      properties: { city: { type: 'string' }, sunny: { type: 'boolean' } },
      required: ['city', 'sunny'],
    };
    const { parts } = await unary({ model, contents: prompt, config: { responseMimeType: 'application/json', responseJsonSchema } });
    return { value: JSON.parse(text(parts, false)) };
  },
});
