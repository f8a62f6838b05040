using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http.Replies;

/// <summary>An error of NSQ's HTTP APIs: a status and <c>{"message":"CODE"}</c> (spec 3.1).</summary>
public sealed class V1Error : IResult
{
    private readonly int _status;
    private readonly byte[] _body;

    private V1Error(int status, string code)
    {
        _status = status;
        _body = JsonSerializer.SerializeToUtf8Bytes(new V1Message(code), V1Json.Default.V1Message);
    }

    /// <summary>An error of one site alone.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">What is told.</param>
    public static V1Error Of(int status, string code) => new(status, code);

    public static V1Error InvalidRequest { get; } = new(StatusCodes.Status400BadRequest, "INVALID_REQUEST");

    public static V1Error MissingTopic { get; } = new(StatusCodes.Status400BadRequest, "MISSING_ARG_TOPIC");

    public static V1Error MissingChannel { get; } = new(StatusCodes.Status400BadRequest, "MISSING_ARG_CHANNEL");

    /// <summary>No node to be tombstoned.</summary>
    public static V1Error MissingNode { get; } = new(StatusCodes.Status400BadRequest, "MISSING_ARG_NODE");

    /// <summary>A bad topic name, as the endpoints of channels say it.</summary>
    public static V1Error InvalidTopicArgument { get; } = new(StatusCodes.Status400BadRequest, "INVALID_ARG_TOPIC");

    public static V1Error InvalidChannelArgument { get; } = new(StatusCodes.Status400BadRequest, "INVALID_ARG_CHANNEL");

    /// <summary>A bad topic name, as the endpoints of topics and publishing say it.</summary>
    public static V1Error InvalidTopic { get; } = new(StatusCodes.Status400BadRequest, "INVALID_TOPIC");

    public static V1Error EmptyMessage { get; } = new(StatusCodes.Status400BadRequest, "MSG_EMPTY");

    public static V1Error InvalidDefer { get; } = new(StatusCodes.Status400BadRequest, "INVALID_DEFER");

    public static V1Error InvalidOption { get; } = new(StatusCodes.Status400BadRequest, "INVALID_OPTION");

    public static V1Error InvalidValue { get; } = new(StatusCodes.Status400BadRequest, "INVALID_VALUE");

    /// <summary>A value that is empty or too long to be read at all.</summary>
    public static V1Error UnreadableValue { get; } = new(StatusCodes.Status413PayloadTooLarge, "INVALID_VALUE");

    /// <summary>No message to be looked for.</summary>
    public static V1Error MissingId { get; } = new(StatusCodes.Status400BadRequest, "MISSING_ARG_ID");

    /// <summary>An id that is not 16 hex digits.</summary>
    public static V1Error InvalidId { get; } = new(StatusCodes.Status400BadRequest, "INVALID_ARG_ID");

    /// <summary>Messages neither waiting, nor in flight, nor deferred.</summary>
    public static V1Error InvalidState { get; } = new(StatusCodes.Status400BadRequest, "INVALID_ARG_STATE");

    /// <summary>A number of messages or bytes that cannot be.</summary>
    public static V1Error InvalidLimit { get; } = new(StatusCodes.Status400BadRequest, "INVALID_ARG_LIMIT");

    /// <summary>Nobody has logged in, or nobody who is known.</summary>
    public static V1Error Unauthorized { get; } = new(StatusCodes.Status401Unauthorized, "UNAUTHORIZED");

    /// <summary>Who has logged in may not do this.</summary>
    public static V1Error Forbidden { get; } = new(StatusCodes.Status403Forbidden, "FORBIDDEN");

    public static V1Error NotFound { get; } = new(StatusCodes.Status404NotFound, "NOT_FOUND");

    public static V1Error TopicNotFound { get; } = new(StatusCodes.Status404NotFound, "TOPIC_NOT_FOUND");

    public static V1Error ChannelNotFound { get; } = new(StatusCodes.Status404NotFound, "CHANNEL_NOT_FOUND");

    public static V1Error MessageNotFound { get; } = new(StatusCodes.Status404NotFound, "MESSAGE_NOT_FOUND");

    /// <summary>A policy is not the one any more that was to be replaced.</summary>
    public static V1Error PolicyChanged { get; } = new(StatusCodes.Status412PreconditionFailed, "POLICY_CHANGED");

    public static V1Error MethodNotAllowed { get; } = new(StatusCodes.Status405MethodNotAllowed, "METHOD_NOT_ALLOWED");

    public static V1Error MessageTooBig { get; } = new(StatusCodes.Status413PayloadTooLarge, "MSG_TOO_BIG");

    public static V1Error BodyTooBig { get; } = new(StatusCodes.Status413PayloadTooLarge, "BODY_TOO_BIG");

    /// <summary>A binary body whose count cannot be.</summary>
    public static V1Error BadBody { get; } = new(StatusCodes.Status413PayloadTooLarge, "BAD_BODY");

    /// <summary>A binary body with an element that cannot be.</summary>
    public static V1Error BadMessage { get; } = new(StatusCodes.Status413PayloadTooLarge, "BAD_MESSAGE");

    public static V1Error Internal { get; } = new(StatusCodes.Status500InternalServerError, "INTERNAL_ERROR");

    public static V1Error Exiting { get; } = new(StatusCodes.Status503ServiceUnavailable, "EXITING");

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = _status;
        return V1Result.WriteAsync(httpContext, V1Result.JsonType, _body);
    }
}
