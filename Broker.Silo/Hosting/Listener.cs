using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Broker.Silo.Hosting;

/// <summary>Something that is served at an address.</summary>
/// <param name="protocol">What the start banner calls it.</param>
/// <param name="address">Where.</param>
/// <param name="serve">Puts what answers there.</param>
public sealed class Listener(string protocol, ListenAddress address, Action<ListenOptions> serve)
{
    private ListenOptions? _options;

    /// <summary>What the start banner calls it.</summary>
    public string Protocol => protocol;

    /// <summary>Where it is served once the host has started: with the port that was chosen for port 0.</summary>
    public string BoundTo => _options?.SocketPath ?? _options?.IPEndPoint?.ToString() ?? address.ToString();

    /// <summary>Makes Kestrel listen.</summary>
    /// <exception cref="StartException">The host's name cannot be resolved.</exception>
    public void AddTo(KestrelServerOptions kestrel)
    {
        if (address.SocketPath is { } relative)
        {
            string path = Path.GetFullPath(relative);
            UnixSocketFile.RemoveIfStale(path);
            kestrel.ListenUnixSocket(path, Serve);
        }
        else if (address.IsAnyHost)
        {
            kestrel.ListenAnyIP(address.Port, Serve);
        }
        else
        {
            kestrel.Listen(address.Resolve(), Serve);
        }
    }

    private void Serve(ListenOptions options)
    {
        _options = options;
        serve(options);
    }
}
