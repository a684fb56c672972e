import { Injectable } from '@nestjs/common';
import { Store } from '../../persistence/store.js';
import { notFound } from '../admin-parameters.js';
import { type PaymentDetail, paymentDetail } from './payment-detail.js';
import { PaymentPartsRepository } from './payment-parts.repository.js';

/** The whole story of one payment. */
@Injectable()
export class PaymentDetails {
  constructor(
    private readonly store: Store,
    private readonly parts: PaymentPartsRepository,
  ) {}

  /** Throws `not-found`. */
  async of(id: string): Promise<PaymentDetail> {
    const parts = await this.store.read((db) => this.parts.read(db, id));
    if (!parts) throw notFound();
    return paymentDetail(parts);
  }
}
