using System.CommandLine;
using System.CommandLine.Help;
using System.Security.Cryptography;
using System.Text;
using Broker.Gateway.Security;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>Makes the <c>secret_hash</c> of a user in the file that <c>--auth-file</c> names; the secret comes on standard input, where no process list shows it.</summary>
public sealed class HashSecretCommand : Command
{
    /// <summary>What it is called.</summary>
    public const string CommandName = "hash-secret";

    // What is advised for PBKDF2 with SHA-256 (OWASP, 2023).
    private const int Iterations = 600_000;
    private const int RandomBytes = 32;

    private readonly Option<bool> _generate = new("--generate") { Description = "generate a secret, and print it before its hash" };

    /// <param name="input">Where the secret comes from.</param>
    public HashSecretCommand(TextReader input)
        : base(CommandName, "print a secret_hash for --auth-file; reads the secret from standard input, or generates one")
    {
        Options.Add(_generate);
        // Of its own, as the program's lists its flags.
        Options.Add(new HelpOption());
        SetAction(result => Print(result, input));
    }

    private int Print(ParseResult result, TextReader input)
    {
        TextWriter output = result.InvocationConfiguration.Output;
        if (result.GetValue(_generate))
        {
            // So random that one round is enough, and a log-in costs nothing.
            string made = RandomNumberGenerator.GetHexString(RandomBytes * 2, lowercase: true);
            output.WriteLine(made);
            output.WriteLine(SecretHash.Of(Encoding.UTF8.GetBytes(made)).ToFileText());
            return ExitCode.Done;
        }
        if (input.ReadLine() is not { Length: > 0 } secret)
            throw new SettingsException("hash-secret: write the secret to standard input, followed by a newline, or give --generate");
        output.WriteLine(SecretHash.Of(Encoding.UTF8.GetBytes(secret), Iterations).ToFileText());
        return ExitCode.Done;
    }
}
