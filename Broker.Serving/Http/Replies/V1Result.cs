using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http.Replies;

/// <summary>Successes of NSQ's HTTP APIs: raw text, nothing, or JSON, marked as version 1 (spec 3.1).</summary>
public sealed class V1Result : IResult
{
    /// <summary>Content type of JSON, as Go writes it.</summary>
    public const string JsonType = "application/json; charset=utf-8";

    private const string TextType = "text/plain; charset=utf-8";
    private const string VersionHeader = "X-NSQ-Content-Type";
    private const string Version = "nsq; version=1.0";

    private readonly string? _type;
    private readonly byte[] _body;

    private V1Result(string? type, byte[] body)
    {
        _type = type;
        _body = body;
    }

    /// <summary>Done, and nothing to say.</summary>
    public static V1Result Empty { get; } = new(null, []);

    /// <summary>Published.</summary>
    public static V1Result Ok { get; } = new(TextType, "OK"u8.ToArray());

    /// <summary>Text as it is.</summary>
    public static V1Result Text(string text) => new(text.Length == 0 ? null : TextType, Encoding.UTF8.GetBytes(text));

    /// <summary>JSON that is written already.</summary>
    public static V1Result Json(string json) => new(JsonType, Encoding.UTF8.GetBytes(json));

    /// <summary>A value as JSON, written piece by piece, so that a long one never lies in memory as a whole.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type) => new JsonResult<T>(value, type);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, _type, _body);

    /// <summary>Writes an answer that is marked as version 1.</summary>
    /// <param name="context">The request.</param>
    /// <param name="type">Content type; null for none.</param>
    /// <param name="body">The bytes.</param>
    public static Task WriteAsync(HttpContext context, string? type, byte[] body)
    {
        HttpResponse response = context.Response;
        response.Headers[VersionHeader] = Version;
        response.ContentType = type;
        response.ContentLength = body.Length;
        return response.BodyWriter.WriteAsync(body).AsTask();
    }

    private sealed class JsonResult<T>(T value, JsonTypeInfo<T> type) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            HttpResponse response = httpContext.Response;
            response.Headers[VersionHeader] = Version;
            response.ContentType = JsonType;
            FirstPieceWriter writer = new(response);
            await JsonSerializer.SerializeAsync(writer, value, type, httpContext.RequestAborted);
            await writer.EndAsync(httpContext.RequestAborted);
        }
    }
}
