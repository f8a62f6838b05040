using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Lookup.Http;

/// <summary>An answer by the conventions that NSQ calls V1: a status, and a body that is empty, text or JSON (spec 3.1).</summary>
internal sealed class V1Result
{
    private const string JsonType = "application/json; charset=utf-8";
    private const string TextType = "text/plain; charset=utf-8";
    private const string VersionHeader = "X-NSQ-Content-Type";
    private const string VersionValue = "nsq; version=1.0";

    /// <summary>200 without a body.</summary>
    public static readonly V1Result Empty = new(StatusCodes.Status200OK, [], null);

    private readonly byte[] _body;
    private readonly string? _type;

    private V1Result(int status, byte[] body, string? type)
    {
        Status = status;
        _body = body;
        _type = type;
    }

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>Whether it is outside the conventions, as <c>/ping</c> is: no version in its head.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>200 with text, outside the conventions.</summary>
    public static V1Result Plain(string text) => new(StatusCodes.Status200OK, Encoding.UTF8.GetBytes(text), TextType) { IsPlain = true };

    /// <summary>200 with JSON.</summary>
    public static V1Result Json<T>(T value, JsonTypeInfo<T> type) =>
        new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(value, type), JsonType);

    /// <summary>An error, its text within <c>{"message":"…"}</c>.</summary>
    /// <param name="status">The status code.</param>
    /// <param name="text">Capitals and underscores.</param>
    public static V1Result Error(int status, string text) => new(status, Encoding.UTF8.GetBytes($$"""{"message":"{{text}}"}"""), JsonType);

    /// <summary>Answers the request.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        if (!IsPlain)
            response.Headers[VersionHeader] = VersionValue;
        response.ContentType = _type;
        response.ContentLength = _body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(_body, context.RequestAborted);
    }
}
