using System.Net;
using System.Net.Mime;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>Tells the notification endpoint of actions, one after the other and behind their backs (spec 5.1).</summary>
/// <param name="options">The endpoint.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class ActionNotifier(AdminOptions options, TimeProvider time, ILogger<ActionNotifier> logger) : BackgroundService
{
    // An endpoint that hangs must not fill the memory.
    private const int WaitingAtMost = 1000;

    private readonly Channel<ActionNotice> _notices =
        Channel.CreateBounded<ActionNotice>(new BoundedChannelOptions(WaitingAtMost) { SingleReader = true });

    /// <summary>Tells of an action that a request asked for.</summary>
    public void Notify(AdminRequest action, AdminUser user, HttpContext context)
    {
        if (options.NotificationHttpEndpoint.Length == 0)
            return;
        string name = BasicCredentials.Of(context.Request)?.Name ?? user.Name;
        bool isEncrypted = context.Request.IsHttps || context.Request.Headers["X-Scheme"].ToString() == Uri.UriSchemeHttps;
        ActionNotice notice = new()
        {
            Action = action.Name,
            Topic = action.Topic,
            Channel = action.Channel.Length == 0 ? null : action.Channel,
            Node = action.Node.Length == 0 ? null : action.Node,
            Timestamp = time.GetUtcNow().ToUnixTimeSeconds(),
            User = name.Length == 0 ? null : name,
            RemoteAddress = RemoteAddressOf(context.Connection),
            UserAgent = context.Request.Headers.UserAgent.ToString(),
            Url = UriHelper.BuildAbsolute(
                isEncrypted ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, context.Request.Host, path: context.Request.Path, query: context.Request.QueryString),
            Via = Dns.GetHostName(),
        };
        if (!_notices.Writer.TryWrite(notice))
            logger.NotificationDropped(action.Name, options.NotificationHttpEndpoint);
    }

    /// <summary>ip:port of whoever sent a request.</summary>
    internal static string RemoteAddressOf(ConnectionInfo connection)
    {
        if (connection.RemoteIpAddress is not { } address)
            return "";
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, connection.RemotePort).ToString();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.NotificationHttpEndpoint.Length == 0)
            return;
        using HttpClient client = new(NodeClient.CreateHandler(options));
        if (options.RequestTimeout > TimeSpan.Zero)
            client.Timeout = options.RequestTimeout;
        await foreach (ActionNotice notice in _notices.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                using ByteArrayContent content = new(JsonSerializer.SerializeToUtf8Bytes(notice, ApiJson.Default.ActionNotice));
                content.Headers.ContentType = new(MediaTypeNames.Application.Json);
                using HttpResponseMessage answer = await client.PostAsync(options.NotificationHttpEndpoint, content, stoppingToken);
                if (!answer.IsSuccessStatusCode)
                    logger.NotificationFailed(notice.Action, options.NotificationHttpEndpoint, $"it answered {(int)answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stoppingToken.IsCancellationRequested)
            {
                logger.NotificationFailed(notice.Action, options.NotificationHttpEndpoint, e.Message);
            }
        }
    }
}
