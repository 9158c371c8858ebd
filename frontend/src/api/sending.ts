/** A way to send a file that tells what share of it has gone, from 0 to 1; `fetch` does not. */
export function sending(file: File, onSent: (share: number) => void): (request: Request) => Promise<Response> {
  return ({ method, url, headers }) =>
    new Promise((resolve, reject) => {
      const call = new XMLHttpRequest();
      call.open(method, url);
      headers.forEach((value, name) => call.setRequestHeader(name, value));
      call.responseType = "blob"; // which may lie on disk: a long file has a long answer
      call.upload.onprogress = ({ loaded, total }) => onSent(total ? loaded / total : 0);
      call.onload = () => resolve(answered(call));
      call.onerror = () => reject(new TypeError("The connection broke."));
      call.send(file);
    });
}

function answered(call: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of call.getAllResponseHeaders().trim().split("\r\n")) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name) headers.set(name, value ?? "");
  }
  return new Response(call.response as Blob, { status: call.status, statusText: call.statusText, headers });
}
