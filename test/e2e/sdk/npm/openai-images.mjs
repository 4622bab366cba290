// OpenAI's SDK, images: by their own API, in chats and in responses.
import OpenAI, { toFile } from 'openai';
import { base, serve } from './program.mjs';

const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'test', maxRetries: 0 });
const drawer = 'gemini-3.1-flash-image';
// What the bytes of an image begin with.
const kind = (b64) => Buffer.from(b64, 'base64').toString('latin1', 1, 4);

const imageOf = ({ images }) => images[0].image_url.url.replace('data:image/png;base64,', '');

async function chat(prompt, send) {
  const messages = [{ role: 'user', content: prompt }];
  const first = await send(messages);
  const second = await send([...messages, first, { role: 'user', content: 'larger' }]);
  return { text: `${kind(imageOf(first))} ${kind(imageOf(second))}` };
}

const ask = (messages) => ({ model: drawer, modalities: ['text', 'image'], image_config: { aspect_ratio: '16:9' }, messages });

await serve({
  generate: async ({ prompt }) => {
    const { data, size, usage } = await client.images.generate({ model: 'dall-e-3', prompt, size: '1024x1024', response_format: 'b64_json' });
    return { text: `${kind(data[0].b64_json)} ${size}`, tokens: usage.output_tokens };
  },
  generate_stream: async ({ prompt }) => {
    let last;
    for await (const event of await client.images.generate({ model: 'gpt-image-1', prompt, stream: true })) last = event;
    return { text: `${last.type} ${kind(last.b64_json)}`, tokens: last.usage.output_tokens };
  },
  edit: async ({ prompt, image }) => {
    const bytes = Buffer.from(image, 'base64');
    const files = [await toFile(bytes, 'a.png'), await toFile(bytes, 'b.png', { type: 'image/png' })];
    const { data, usage } = await client.images.edit({ model: 'gpt-image-1', image: files, prompt, size: '1536x1024' });
    return { text: kind(data[0].b64_json), tokens: usage.output_tokens };
  },
  chat: ({ prompt }) => chat(prompt, async (messages) => (await client.chat.completions.create(ask(messages))).choices[0].message),
  chat_stream: ({ prompt }) =>
    chat(prompt, async (messages) => {
      // The SDK does not join fields that it does not know.
      const images = [];
      const stream = client.chat.completions.stream(ask(messages)).on('chunk', (chunk) => images.push(...(chunk.choices[0]?.delta.images ?? [])));
      return { ...(await stream.finalChatCompletion()).choices[0].message, images };
    }),
  responses: async ({ prompt }) => {
    const send = async (input) => (await client.responses.create({ model: drawer, input, tools: [{ type: 'image_generation', size: '1536x1024' }] })).output;
    const drawn = (output) => kind(output.find(({ type }) => type === 'image_generation_call').result);
    const items = [{ role: 'user', content: prompt }];
    const first = await send(items);
    const second = await send([...items, ...first, { role: 'user', content: 'larger' }]);
    return { text: `${drawn(first)} ${drawn(second)}` };
  },
});
