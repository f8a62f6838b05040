using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>Paths of pages and endpoints, all below the base path.</summary>
/// <param name="options">The base path.</param>
public sealed class AdminPaths(AdminOptions options)
{
    private readonly string _prefix = options.BasePath.TrimEnd('/');

    /// <summary>A path as browsers and routes see it.</summary>
    /// <param name="path">The path below the base path, with its slash.</param>
    public string At(string path) => path == "/" && _prefix.Length > 0 ? _prefix : _prefix + path;

    public string Topic(string topic) => At($"/topics/{Escape(topic)}");

    public string Channel(string topic, string channel) => At($"/topics/{Escape(topic)}/{Escape(channel)}");

    /// <summary>Messages that a topic holds. A path below the topic's would be a channel's.</summary>
    public string HeldMessages(string topic) => At($"/messages?topic={Escape(topic)}");

    public string Messages(string topic, string channel) => At($"/topics/{Escape(topic)}/{Escape(channel)}/messages");

    /// <summary>The page of a channel's dead letters.</summary>
    public string DeadLetters(string topic, string channel) => $"{Messages(topic, channel)}?state={ChannelMessages.Dead}";

    /// <summary>The policy of a topic, or of a channel unless that is empty.</summary>
    public string Policy(string topic, string channel = "") =>
        At($"/policy?topic={Escape(topic)}" + (channel.Length == 0 ? "" : $"&channel={Escape(channel)}"));

    /// <summary>The dead letters of a channel on a node, as a file.</summary>
    public string DeadDownload(string topic, string channel, string node) =>
        At($"/dead.ndjson?topic={Escape(topic)}&channel={Escape(channel)}&node={Escape(node)}");

    public string Node(string node) => At($"/nodes/{Uri.EscapeDataString(node).Replace("%3A", ":", StringComparison.Ordinal)}");

    /// <summary>The page that asks before something is done.</summary>
    public string Confirm(string action, string topic, string channel = "", string node = "") =>
        At($"/confirm?action={action}&topic={Escape(topic)}"
            + (channel.Length == 0 ? "" : $"&channel={Escape(channel)}") + (node.Length == 0 ? "" : $"&node={Escape(node)}"));

    /// <summary>The page to log in on, from which one comes back to the page that was asked for.</summary>
    public string LoginFor(HttpRequest request) =>
        At("/login") + (HttpMethods.IsGet(request.Method) ? $"?next={Escape(request.Path.ToUriComponent() + request.QueryString.Value)}" : "");

    /// <summary>Whether a page of this site is meant, not one of another.</summary>
    public bool IsOwnPage(string path) =>
        path.StartsWith(_prefix + "/", StringComparison.Ordinal) && !path.StartsWith("//", StringComparison.Ordinal)
        && !path.Contains('\\', StringComparison.Ordinal) && !path.Any(char.IsControl)
        || path.Length > 0 && path == _prefix;

    internal bool IsOpen(PathString path) =>
        path.Value is { } text && (text == At("/ping") || text.StartsWith(At("/static/"), StringComparison.Ordinal) || text.StartsWith(At("/fonts/"), StringComparison.Ordinal));

    internal bool IsLogin(PathString path) => path.Value == At("/login");

    internal bool IsForPrograms(PathString path) =>
        path.Value is { } text && (text.StartsWith(At("/api/"), StringComparison.Ordinal) || text.StartsWith(At("/config/"), StringComparison.Ordinal)
            || text == At("/live") || text == At("/render"));

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
