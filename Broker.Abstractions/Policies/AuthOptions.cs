namespace Broker.Policies;

/// <summary>Who says what clients may do (spec 1.8). With nobody to say it, everything is allowed to everyone.</summary>
public sealed class AuthOptions
{
    /// <summary>Auth servers: host:port, or a URL.</summary>
    public IReadOnlyList<string> HttpAddresses { get; set; } = [];

    /// <summary>Whether auth servers are asked by POST rather than GET.</summary>
    public bool UsePost { get; set; }

    /// <summary>Time to connect to an auth server; zero for no limit.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for an auth server to answer, connecting included; zero for no limit.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Path of the file of users; empty for none.</summary>
    public string File { get; set; } = "";

    /// <summary>Whether clients have to log in.</summary>
    public bool IsEnabled => HttpAddresses.Count > 0 || File.Length > 0;
}
