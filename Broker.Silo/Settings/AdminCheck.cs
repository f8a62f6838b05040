using Broker.Admin;

namespace Broker.Silo.Settings;

/// <summary>What settings of the admin web say together, in nsqadmin's words (spec 5).</summary>
internal static class AdminCheck
{
    /// <summary>Refuses what contradicts itself.</summary>
    /// <param name="admin">The settings.</param>
    /// <param name="isAlone">Whether there is no broker in the process to show.</param>
    /// <exception cref="SettingsException">They contradict each other; the message says what to do.</exception>
    public static void Apply(AdminOptions admin, bool isAlone)
    {
        if (isAlone && admin.NsqdHttpAddresses.Count == 0 && admin.LookupdHttpAddresses.Count == 0)
            throw new SettingsException("--nsqd-http-address or --lookupd-http-address required");
        if (admin.NsqdHttpAddresses.Count > 0 && admin.LookupdHttpAddresses.Count > 0)
            throw new SettingsException("use --nsqd-http-address or --lookupd-http-address not both");
        if (admin.TlsCertificateFile.Length > 0 && admin.TlsKeyFile.Length == 0)
            throw new SettingsException("--http-client-tls-key must be specified with --http-client-tls-cert");
        if (admin.TlsKeyFile.Length > 0 && admin.TlsCertificateFile.Length == 0)
            throw new SettingsException("--http-client-tls-cert must be specified with --http-client-tls-key");
        if (admin.ProxyGraphite && admin.GraphiteUrl.Length == 0)
            throw new SettingsException("--proxy-graphite: there is nothing to proxy; give --graphite-url");
    }
}
