using Broker.Policies;

namespace Broker.Silo.Settings;

/// <summary>What settings about security say together, which no flag can say by itself.</summary>
internal static class SecurityCheck
{
    /// <summary>Refuses what contradicts itself, and fills in what follows.</summary>
    /// <exception cref="SettingsException">They contradict each other; the message says what to do.</exception>
    public static void Apply(GatewayOptions gateway)
    {
        TlsOptions tls = gateway.Tls;
        if (tls.CertificateFile.Length > 0 != tls.KeyFile.Length > 0)
            throw new SettingsException("--tls-cert and --tls-key: one is nothing without the other; give both or neither");
        // As in nsqd: whoever asks for certificates means that everybody shows one.
        if (tls.ClientCertificates != ClientCertificatePolicy.None && tls.Required == TlsRequirement.None)
            tls.Required = TlsRequirement.All;
        if (tls.Required != TlsRequirement.None && !tls.IsEnabled)
            throw new SettingsException("--tls-required: nobody could connect without a certificate; give --tls-cert and --tls-key");
        if (gateway.Auth.File.Length > 0 && gateway.Auth.HttpAddresses.Count > 0)
            throw new SettingsException("--auth-file and --auth-http-address: only one of them can say what clients may do");
    }
}
