using System.Net;
using Broker.Policies;

namespace Broker.Silo.Hosting;

/// <summary>The last line of a start: that it is done, where the admin web is, and a command that publishes a message.</summary>
internal static class ReadyLine
{
    /// <summary>Of what serves neither people nor messages.</summary>
    public const string Plain = "Ready.";

    /// <summary>Of the admin web alone.</summary>
    public static string OfAdmin(IEnumerable<Listener> listeners) => $"{Plain} {AdminWeb(listeners.First())}";

    /// <summary>Of a broker or a gateway.</summary>
    public static string OfBroker(GatewayOptions gateway, IReadOnlyList<Listener> listeners)
    {
        List<string> sentences = [Plain];
        if (Find(listeners, "admin HTTP") is { } admin) sentences.Add(AdminWeb(admin));
        bool needsTls = gateway.Tls.Required == TlsRequirement.All;
        if (Find(listeners, needsTls ? "HTTPS" : "HTTP") is { } http)
        {
            string command = gateway.Auth.File.Length > 0 ? "curl -u name:secret" : "curl";
            sentences.Add($"To publish: {command} -d '{{\"id\":1}}' {Target(http, needsTls ? "https" : "http", "/pub?topic=orders")}");
        }
        return string.Join(' ', sentences);
    }

    private static Listener? Find(IEnumerable<Listener> listeners, string protocol) => listeners.FirstOrDefault(listener => listener.Protocol == protocol);

    private static string AdminWeb(Listener admin) =>
        IPEndPoint.TryParse(admin.BoundTo, out IPEndPoint? address) ? $"Admin web: http://{Reachable(address)}." : $"Admin web: {admin.BoundTo}.";

    private static string Target(Listener http, string scheme, string path) =>
        IPEndPoint.TryParse(http.BoundTo, out IPEndPoint? address)
            ? $"'{scheme}://{Reachable(address)}{path}'"
            : $"--unix-socket '{http.BoundTo}' '{scheme}://localhost{path}'";

    // Who listens on all interfaces is reached from here by loopback.
    private static IPEndPoint Reachable(IPEndPoint address) =>
        address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.Loopback, address.Port) : address;
}
