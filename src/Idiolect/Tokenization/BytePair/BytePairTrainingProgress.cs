namespace Idiolect.Tokenization;

/// <summary>How far the training of a tokenizer is.</summary>
/// <param name="Characters">UTF-16 units of the documents read so far.</param>
/// <param name="DistinctWords">Different pieces that they were cut into; 0 while the documents are being read.</param>
/// <param name="VocabularySize">Tokens so far; 0 while the documents are being read.</param>
/// <param name="TargetVocabularySize">Tokens asked for. In the last report, a smaller size means that the text ran out of repeated pairs.</param>
public readonly record struct BytePairTrainingProgress(
    long Characters, int DistinctWords, int VocabularySize, int TargetVocabularySize);
