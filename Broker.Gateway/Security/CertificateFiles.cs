using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broker.Gateway.Telemetry;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Security;

/// <summary>
/// The server's certificate with its key, and the authorities, as the files now have them. They are looked at again when
/// somebody connects, at most once a second: a renewed certificate serves the next client, and a directory whose links are
/// swapped, as Kubernetes does it, needs no watcher to be noticed.
/// </summary>
/// <remarks>What replaces a good file and is not usable is logged, and the old one goes on serving.</remarks>
internal sealed class CertificateFiles
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // The algorithms of Ed25519 and Ed448 (RFC 8410).
    private static readonly string[] EdwardsCurves = ["1.3.101.112", "1.3.101.113"];

    private readonly Lock _sync = new();
    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly string _rootCaFile;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Loaded _current;
    private long _lookedAt;
    private FileStamps _failed;

    /// <exception cref="CertificateException">They cannot be used.</exception>
    public CertificateFiles(string certificateFile, string keyFile, string rootCaFile, TimeProvider time, ILogger logger)
    {
        _certificateFile = certificateFile;
        _keyFile = keyFile;
        _rootCaFile = rootCaFile;
        _time = time;
        _logger = logger;
        _current = Load(StampFiles());
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>What is to be served with now.</summary>
    public Loaded Current
    {
        get
        {
            lock (_sync)
            {
                if (_time.GetElapsedTime(_lookedAt) >= LookInterval)
                    LookAgain();
                return _current;
            }
        }
    }

    private void LookAgain()
    {
        _lookedAt = _time.GetTimestamp();
        FileStamps stamps = StampFiles();
        if (stamps == _current.Stamps || stamps == _failed)
            return;
        try
        {
            // The old one is left to the garbage collector: handshakes may be using it.
            _current = Load(stamps);
            _failed = default;
            _logger.CertificateReloaded(_certificateFile, _current.Server.TargetCertificate.NotAfter);
        }
        catch (CertificateException e)
        {
            // Perhaps the key has not been written yet: the next change is tried again, the same files are not.
            _failed = stamps;
            _logger.CertificateNotReloaded(e, _certificateFile);
        }
    }

    private FileStamps StampFiles() => new(FileStamp.Of(_certificateFile), FileStamp.Of(_keyFile), FileStamp.Of(_rootCaFile));

    private Loaded Load(FileStamps stamps)
    {
        X509Certificate2Collection chain = ReadAll("tls-cert", _certificateFile);
        X509Certificate2 leaf = ReadWithKey(chain[0]);
        X509Certificate2Collection issuers = [.. chain.Skip(1)];
        X509Certificate2Collection? roots = _rootCaFile.Length == 0 ? null : ReadAll("tls-root-ca-file", _rootCaFile);
        // Offline: a server that fetches missing issuers while it starts would wait for the network.
        return new Loaded(SslStreamCertificateContext.Create(leaf, issuers, offline: true), roots, stamps);
    }

    private X509Certificate2 ReadWithKey(X509Certificate2 certificate)
    {
        if (EdwardsCurves.Contains(certificate.GetKeyAlgorithm()))
            throw new CertificateException($"tls-cert: {_certificateFile} has a key of Ed25519 or Ed448, which .NET does not serve TLS with; use one of RSA or ECDSA");
        string key;
        try
        {
            key = File.ReadAllText(_keyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"tls-key: {_keyFile} cannot be read: {e.Message}", e);
        }
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new CertificateException($"tls-key: {_keyFile} is encrypted, and nobody is there to give the passphrase; write it in the clear, as \"openssl pkey\" does");
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new CertificateException($"tls-key: {_keyFile} has no private key in PEM form");
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(_certificateFile), key);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CertificateException($"tls-key: {_keyFile} is no key of the certificate {_certificateFile}", e);
        }
    }

    internal static X509Certificate2Collection ReadAll(string flag, string path)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{flag}: {path} cannot be read: {e.Message}", e);
        }
        if (certificates.Count == 0)
            throw new CertificateException($"{flag}: {path} has no certificate in PEM form");
        return certificates;
    }

    /// <summary>What the files had when they were read.</summary>
    /// <param name="Server">Certificate, key and issuers.</param>
    /// <param name="Roots">Authorities; null for the system's.</param>
    /// <param name="Stamps">The files then.</param>
    internal sealed record Loaded(SslStreamCertificateContext Server, X509Certificate2Collection? Roots, FileStamps Stamps);

    /// <summary>All files at one moment.</summary>
    internal readonly record struct FileStamps(FileStamp Certificate, FileStamp Key, FileStamp Roots);
}
