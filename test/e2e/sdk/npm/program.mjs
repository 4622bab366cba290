// A program takes one task a line, {"do", "prompt", "image", "texts", "sound"}, does it with its
// SDK, and answers with one line: what the SDK made of the reply.
import { createInterface } from 'node:readline';

export const base = process.env.BASE_URL;
export const model = 'gemini-3.5-flash';
export const embeddingModel = 'gemini-embedding-001';

// The tools of the loop: weather and time, both of a city.
export const toolNames = ['weather', 'time'];
export const toolSchema = {
  type: 'object',
  properties: { city: { type: 'string', description: 'the city' } },
  required: ['city'],
};
export const describe = (name) => `The ${name} of a city.`;
export const use = (name, { city }) => `${name} of ${city}`;
// The shape of a call in the answer line.
export const told = (name, { city }) => `${name} ${city}`;

export async function serve(tasks) {
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    let answer;
    try {
      answer = await tasks[task.do](task);
    } catch (e) {
      // Not everything that is thrown is an Error.
      const message = e instanceof Error ? e.stack : JSON.stringify(e);
      answer = { error: { class: e.constructor.name, status: e.status ?? e.statusCode ?? 0, message } };
    }
    console.log(JSON.stringify(answer));
  }
}
