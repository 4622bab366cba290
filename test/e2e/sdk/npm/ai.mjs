// Vercel's AI SDK; the argument says through which provider.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { base, describe, embeddingModel, model as name, serve, told, toolNames, toolSchema, use } from './program.mjs';

const apiKey = 'test';
const claude = createAnthropic({ baseURL: `${base}/v1`, apiKey });
const openai = createOpenAI({ baseURL: `${base}/v1`, apiKey });
const google = createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey });
const [model, providerOptions] = {
  anthropic: () => [
    claude(name),
    { anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } } },
  ],
  chat: () => [openai.chat(name), { openai: { reasoningEffort: 'medium' } }],
  responses: () => [
    openai.responses(name),
    { openai: { store: false, reasoningSummary: 'auto', include: ['reasoning.encrypted_content'], forceReasoning: true } },
  ],
  stored: () => [openai(name), undefined], // the provider as it is: it believes that answers are stored
  google: () => [
    google(name),
    { google: { thinkingConfig: { includeThoughts: true } } },
  ],
}[process.argv[2]]();

const plain = { model, maxOutputTokens: 4000, maxRetries: 0 };
const answer = ({ text, reasoningText, totalUsage }) => ({ text, thinking: reasoningText ?? '', tokens: totalUsage.outputTokens });

// streamText gives errors to a callback only; a program wants them thrown.
async function streamed(options) {
  let chunks = 0;
  const result = streamText({ ...options, onError: () => {} });
  for await (const part of result.fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta') chunks++;
  }
  const [text, reasoningText, totalUsage, steps] = await Promise.all([result.text, result.reasoningText, result.totalUsage, result.steps]);
  const { sources, response } = result;
  return { text, reasoningText, totalUsage, steps, chunks, sources, response };
}

async function loop({ prompt }, send) {
  const calls = [];
  const tools = toolNames.map((name) => [
    name,
    tool({
      description: describe(name),
      inputSchema: jsonSchema(toolSchema),
      execute: (input) => {
        calls.push(told(name, input));
        return use(name, input);
      },
    }),
  ]);
  const result = await send({ ...plain, providerOptions, prompt, tools: Object.fromEntries(tools), stopWhen: stepCountIs(5) });
  return { ...answer(result), thinking: result.steps.map((s) => s.reasoningText ?? '').join(''), calls };
}

// embedders are the models for vectors, by provider.
const embedders = {
  chat: () => [openai.embeddingModel('text-embedding-3-small'), { openai: { dimensions: 256 } }],
  google: () => [google.embeddingModel(embeddingModel), { google: { outputDimensionality: 256 } }],
};

// The SDK tells the pages, but not where they are cited.
async function search({ prompt }, send) {
  const web_search = process.argv[2] === 'anthropic' ? claude.tools.webSearch_20250305() : openai.tools.webSearch();
  const options = { ...plain, providerOptions, tools: { web_search } };
  const messages = [{ role: 'user', content: prompt }];
  const first = await send({ ...options, messages });
  const response = await first.response;
  const again = [...messages, ...response.messages, { role: 'user', content: 'Sure?' }];
  return { ...answer(await send({ ...options, messages: again })), cited: (await first.sources).map((s) => s.url) };
}

await serve({
  embed: async ({ texts: values }) => {
    const [model, providerOptions] = embedders[process.argv[2]]();
    const { embeddings, usage } = await embedMany({ model, providerOptions, values, maxRetries: 0 });
    return { value: embeddings, tokens: usage.tokens || 1 };
  },
  chat: async ({ prompt }) => answer(await generateText({ ...plain, prompt })),
  stream: async ({ prompt }) => {
    const result = await streamed({ ...plain, prompt });
    return { ...answer(result), chunks: result.chunks };
  },
  tools: (task) => loop(task, generateText),
  tools_stream: (task) => loop(task, streamed),
  search: (task) => search(task, generateText),
  search_stream: (task) => search(task, streamed),
  image: async ({ prompt, image }) => {
    const content = [
      { type: 'image', image, mediaType: 'image/png' },
      { type: 'text', text: prompt },
    ];
    return answer(await generateText({ ...plain, messages: [{ role: 'user', content }] }));
  },
  structured: async ({ prompt }) => {
    const schema = z.object({ city: z.string(), sunny: z.boolean() });
    const { output } = await generateText({ ...plain, prompt, output: Output.object({ schema }) });
    return { value: output };
  },
});
