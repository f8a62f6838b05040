using System.Text;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http.Replies;

/// <summary>Plain text without the mark of version 1, as <c>/ping</c> and the debug endpoints answer.</summary>
/// <param name="text">The text.</param>
/// <param name="status">The HTTP status.</param>
public sealed class PlainResult(string text, int status = StatusCodes.Status200OK) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = body.Length == 0 ? null : "text/plain; charset=utf-8";
        response.ContentLength = body.Length;
        return response.BodyWriter.WriteAsync(body).AsTask();
    }
}
