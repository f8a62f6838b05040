namespace Broker.Tests.Http;

/// <summary>An answer of the HTTP API.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body as text.</param>
/// <param name="ContentType">Type of the body; null when there is none.</param>
/// <param name="IsV1">Whether it says that it is of version 1.</param>
/// <param name="Allow">The methods that the path takes, when they are told.</param>
/// <param name="Location">Where to go instead, when that is told.</param>
/// <param name="ETag">The tag of what is told, when there is one.</param>
internal sealed record HttpReply(int Status, string Body, string? ContentType, bool IsV1, string? Allow, string? Location, string? ETag)
{
    public static async Task<HttpReply> OfAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        await response.Content.ReadAsStringAsync(),
        response.Content.Headers.ContentType?.ToString(),
        response.Headers.TryGetValues("X-NSQ-Content-Type", out IEnumerable<string>? values) && values.SequenceEqual(["nsq; version=1.0"]),
        response.Content.Headers.Allow.Count > 0 ? string.Join(", ", response.Content.Headers.Allow) : null,
        response.Headers.Location?.ToString(),
        response.Headers.ETag?.ToString());

    /// <summary>Asserts an error in the form of version 1.</summary>
    public void IsError(int status, string code)
    {
        Assert.Equal((status, $$"""{"message":"{{code}}"}"""), (Status, Body));
        Assert.Equal("application/json; charset=utf-8", ContentType);
        Assert.True(IsV1);
    }

    /// <summary>Asserts a success with this text, which may be empty.</summary>
    public void IsText(string text)
    {
        Assert.Equal((200, text), (Status, Body));
        Assert.Equal(text.Length == 0 ? null : "text/plain; charset=utf-8", ContentType);
        Assert.True(IsV1);
    }

    /// <summary>Asserts a success with this JSON.</summary>
    public void IsJson(string json)
    {
        Assert.Equal((200, json), (Status, Body));
        Assert.Equal("application/json; charset=utf-8", ContentType);
        Assert.True(IsV1);
    }
}
